// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/source"
)

// located is a file that options name, in the tree that it is in.
type located struct {
	mount string
	links links
	path  string
}

func (l located) sameAs(other located) bool { return l.mount == other.mount && l.path == other.path }

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// valueFiles returns the files of values in order, each once. A file that is named has the
// place of its name, also where a glob matches it (as Argo CD 3.5: getResolvedValueFiles).
func (w *work) valueFiles(options v1alpha1.ApplicationSourceHelm) ([]located, error) {
	wanted := make([]located, len(options.ValueFiles))
	var err error
	for i, name := range options.ValueFiles {
		if wanted[i], err = w.locate("valueFiles", name); err != nil {
			return nil, err
		}
	}
	var files []located
	for _, one := range wanted {
		found := []located{one}
		if isGlob(one.path) {
			if found, err = w.glob(one, wanted); err != nil {
				return nil, err
			}
		}
		if len(found) == 0 || !isGlob(one.path) && one.absent() {
			if isTrue(options.IgnoreMissingValueFiles) {
				continue
			}
			return nil, fault(ReasonNotFound, one.path, "does not exist, but spec.source.helm.valueFiles names it: "+
				"add it, or set ignoreMissingValueFiles")
		}
		for _, file := range found {
			if !containsFile(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, nil
}

func containsFile(files []located, wanted located) bool {
	for _, file := range files {
		if file.sameAs(wanted) {
			return true
		}
	}
	return false
}

func (l located) absent() bool {
	_, _, err := l.links.resolve(l.path)
	return err != nil && missing(err)
}

// locate finds what an option names: a path from the source's directory, a path from the
// root of the repository where it begins with a slash, or one in the tree of another
// source where it begins with that one's $ref.
func (w *work) locate(field, name string) (located, error) {
	if ref, rest, ok := w.reference(name); ok {
		at := located{mount: ref, links: links{tree: w.mounts[ref]}, path: path.Clean(w.expand(rest))}
		return at, inside(field, name, at.path)
	}
	if unknown, ok := unknownReference(name); ok {
		return located{}, fault(ReasonInvalid, "",
			"spec.source.helm.%s: %q refers to $%s, but no source has ref: %s", field, name, unknown, unknown)
	}
	expanded := w.expand(name)
	if address, err := url.Parse(expanded); err == nil && address.Scheme != "" {
		return located{}, fault(ReasonRefused, "", "spec.source.helm.%s: %q: %w", field, withoutSecrets(expanded), errRemote)
	}
	at := path.Join(w.root, expanded)
	if path.IsAbs(expanded) {
		at = path.Clean(strings.TrimLeft(expanded, "/"))
	}
	return located{links: w.links, path: at}, inside(field, name, at)
}

func (w *work) expand(text string) string { return substitute(text, w.pipe.variable) }

// reference splits $name/rest where a source has that name.
func (w *work) reference(text string) (name, rest string, ok bool) {
	text, marked := strings.CutPrefix(text, "$")
	name, rest, _ = strings.Cut(text, "/")
	_, known := w.mounts[name]
	return name, strings.TrimLeft(rest, "/"), marked && known
}

// unknownReference tells a reference to nothing from a variable of the build environment.
func unknownReference(text string) (string, bool) {
	text, marked := strings.CutPrefix(text, "$")
	name, _, _ := strings.Cut(text, "/")
	return name, marked && !strings.HasPrefix(name, "ARGOCD_APP_") && !strings.HasPrefix(name, "{")
}

func inside(field, name, at string) error {
	if !fs.ValidPath(at) || at == "." {
		return fault(ReasonRefused, "", "spec.source.helm.%s: %q leaves the repository: name a file in it",
			field, withoutSecrets(name))
	}
	return nil
}

// glob returns the files that a pattern matches, without those that are named.
func (w *work) glob(pattern located, named []located) ([]located, error) {
	if !doublestar.ValidatePattern(pattern.path) {
		return nil, fault(ReasonInvalid, "", "spec.source.helm.valueFiles: %q is not a glob", pattern.path)
	}
	base, rest := doublestar.SplitPattern(pattern.path)
	var found []located
	var walk func(at string, depth int) error
	walk = func(at string, depth int) error {
		entries, err := pattern.links.tree.List(at)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			name := path.Join(at, entry.Name)
			file := located{mount: pattern.mount, links: pattern.links, path: name}
			switch {
			case entry.Kind == source.Directory && (depth > 1 || strings.Contains(rest, "**")):
				if err := walk(name, depth-1); err != nil {
					return err
				}
			case entry.Kind != source.Directory && doublestar.MatchUnvalidated(pattern.path, name) &&
				!containsFile(named, file):
				found = append(found, file)
			}
		}
		return nil
	}
	_, entry, err := pattern.links.resolve(base)
	if err == nil && entry.Kind == source.Directory {
		err = walk(base, strings.Count(rest, "/")+1)
	}
	if err != nil && !missing(err) {
		return nil, err
	}
	return found, nil
}
