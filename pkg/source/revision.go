// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/go-git/go-git/v5/plumbing"
)

const maxRevisionLength = 256

// target is a commit and the object that the server advertises for it: the commit
// itself, or the annotated tag that points to it.
type target struct {
	object, commit plumbing.Hash
}

// fullID returns the commit id that a revision spells out.
func fullID(revision string) (plumbing.Hash, bool) {
	if len(revision) != 40 || !isHex(revision) {
		return plumbing.ZeroHash, false
	}
	return plumbing.NewHash(strings.ToLower(revision)), true
}

// shortID tells whether a revision can be the beginning of a commit id.
func shortID(revision string) bool {
	return len(revision) >= 7 && len(revision) < 40 && isHex(revision)
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdefABCDEF") == "" }

func checkRevision(revision string) error {
	switch {
	case len(revision) > maxRevisionLength:
		return failure(Invalid, "is longer than %d bytes", maxRevisionLength)
	case printable(revision) != revision:
		return failure(Invalid, "holds control characters or white space at an end")
	case strings.HasPrefix(revision, "-"):
		return failure(Invalid, "begins with a dash: write a branch, a tag, a version range or a commit id")
	}
	return nil
}

// resolve finds what a revision names: HEAD, a tag by version range, a branch or a tag,
// or a full reference name (the order is Argo CD 3.5's: util/git/client.go).
func (r *refs) resolve(revision, tagPrefix string) (target, error) {
	if revision == "" || revision == "HEAD" {
		return r.head()
	}
	name := revision
	if _, err := semver.NewVersion(revision); err == nil {
		name = tagPrefix + revision
	} else if constraint, parseErr := semver.NewConstraint(revision); parseErr == nil {
		if tag, found := r.highest(constraint, tagPrefix); found {
			if _, branch := r.ids["refs/heads/"+revision]; branch {
				return target{}, failure(Ambiguous, "is a version range that the tag %q matches and also a "+
					"branch: write refs/heads/%s or refs/tags/%s", tag, revision, tag)
			}
			return r.named("refs/tags/" + tag), nil
		}
	}
	return r.byName(name)
}

func (r *refs) head() (target, error) {
	t := r.named("HEAD")
	if t.commit.IsZero() {
		return target{}, failure(NotFound, "the repository's HEAD names no commit: set its default branch, "+
			"or name a branch in the source")
	}
	return t, nil
}

func (r *refs) byName(name string) (target, error) {
	if strings.HasPrefix(name, "refs/") {
		if t := r.named(name); !t.commit.IsZero() {
			return t, nil
		}
		return target{}, failure(NotFound, "the repository has no reference of this name")
	}
	branch, tag := r.named("refs/heads/"+name), r.named("refs/tags/"+name)
	switch {
	case !branch.commit.IsZero() && !tag.commit.IsZero():
		return target{}, failure(Ambiguous, "is both a branch and a tag: write refs/heads/%s or refs/tags/%s",
			name, name)
	case !branch.commit.IsZero():
		return branch, nil
	case !tag.commit.IsZero():
		return tag, nil
	}
	if _, err := semver.NewVersion(name); err != nil {
		if _, err := semver.NewConstraint(name); err == nil {
			return target{}, failure(NotFound, "no tag of the repository is in this version range")
		}
	}
	return target{}, failure(NotFound, "the repository has no branch or tag of this name")
}

// highest returns the tag with the highest version that a range allows. Of two tags of
// one version the one that sorts last wins, so that every replica chooses the same.
func (r *refs) highest(constraint *semver.Constraints, prefix string) (string, bool) {
	var best *semver.Version
	var bestTag string
	for name := range r.ids {
		tag, isTag := strings.CutPrefix(name, "refs/tags/")
		text, scoped := strings.CutPrefix(tag, prefix)
		if !isTag || !scoped {
			continue
		}
		version, err := semver.NewVersion(text)
		if err != nil || !constraint.Check(version) {
			continue
		}
		if best == nil || version.GreaterThan(best) || version.Equal(best) && tag > bestTag {
			best, bestTag = version, tag
		}
	}
	return bestTag, best != nil
}

// named returns what a full reference name points to; the zero value where there is none.
func (r *refs) named(name string) target {
	t := target{object: r.ids[name], commit: r.ids[name]}
	if peeled, annotated := r.peeled[name]; annotated {
		t.commit = peeled
	}
	return t
}
