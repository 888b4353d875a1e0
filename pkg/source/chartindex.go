// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	yaml "go.yaml.in/yaml/v3"
)

// chartIndex is what an index.yaml says of its charts, as far as it is needed.
type chartIndex struct {
	Charts map[string][]chartVersion `json:"charts"`
}

// chartVersion is one version of a chart, and where it is.
type chartVersion struct {
	Version string `json:"version"`
	// Digest is the SHA-256 of the archive in hexadecimal, "" where it is not known before.
	Digest    string   `json:"digest,omitempty"`
	Locations []string `json:"locations,omitempty"`
	// Plain says that the archive is not packed as a chart, in a directory of its name.
	Plain bool `json:"plain,omitempty"`
}

// maxIndexItems bounds the values of an index, each of which needs one of these: a reader of
// YAML holds some hundred bytes for a value of one letter.
const (
	maxIndexItems = 1_000_000
	beforeAnItem  = "\n\r,[{"
)

// parseIndex reads an index.yaml; what is not a version of a chart is left out.
func parseIndex(content []byte) (*chartIndex, error) {
	items := 0
	for _, one := range content {
		if strings.IndexByte(beforeAnItem, one) >= 0 {
			items++
		}
	}
	if items > maxIndexItems {
		return nil, failure(TooLarge, "index.yaml holds more than %d lines and values", maxIndexItems)
	}
	var file struct {
		Entries map[string][]struct {
			Version string   `yaml:"version"`
			Digest  string   `yaml:"digest"`
			URLs    []string `yaml:"urls"`
		} `yaml:"entries"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil, failure(Invalid, "index.yaml cannot be read: %s", printable(err.Error()))
	}
	index := &chartIndex{Charts: map[string][]chartVersion{}}
	for name, versions := range file.Entries {
		for _, v := range versions {
			if _, err := semver.NewVersion(v.Version); err == nil && len(v.URLs) > 0 {
				index.Charts[name] = append(index.Charts[name], chartVersion{
					Version: v.Version, Digest: hexDigest(v.Digest), Locations: v.URLs,
				})
			}
		}
	}
	return index, nil
}

// choose returns the version that a revision names: that version, or the highest of a
// range. Of no revision it is the highest that is no pre-release.
func choose(versions []chartVersion, revision string) (chartVersion, error) {
	for _, v := range versions {
		if v.Version == revision {
			return v, nil
		}
	}
	if exact, err := semver.NewVersion(revision); err == nil {
		for _, v := range versions {
			if given, err := semver.NewVersion(v.Version); err == nil && given.Equal(exact) {
				return v, nil
			}
		}
		return chartVersion{}, failure(NotFound, "the repository has no such version of the chart")
	}
	constraint, err := semver.NewConstraint(cmp.Or(revision, "*"))
	if err != nil {
		return chartVersion{}, failure(Invalid, "is neither a version nor a range of versions")
	}
	var found []chartVersion
	for _, v := range versions {
		if given, err := semver.NewVersion(v.Version); err == nil && constraint.Check(given) {
			found = append(found, v)
		}
	}
	if len(found) == 0 {
		return chartVersion{}, failure(NotFound, "the repository has no version of the chart in this range")
	}
	return slices.MaxFunc(found, compareVersions), nil
}

// compareVersions orders equal versions by their text, so that every replica chooses alike.
func compareVersions(a, b chartVersion) int {
	one, errOne := semver.NewVersion(a.Version)
	other, errOther := semver.NewVersion(b.Version)
	if errOne != nil || errOther != nil {
		return cmp.Compare(a.Version, b.Version)
	}
	return cmp.Or(one.Compare(other), cmp.Compare(a.Version, b.Version))
}

// isDigest tells the digest of a manifest from a tag or a version.
func isDigest(revision string) bool { return strings.HasPrefix(revision, "sha256:") }

// exactVersion tells a version from a range (as Argo CD 3.5: util/versions IsConstraint).
func exactVersion(revision string) bool {
	_, err := semver.NewVersion(revision)
	return err == nil
}
