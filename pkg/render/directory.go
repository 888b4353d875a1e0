// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/gobwas/glob"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/source"
)

// skipMarker in a file leaves the file out (as Argo CD 3.5: reposerver/repository).
const skipMarker = "+argocd:skip-file-rendering"

// directory renders the plain manifests of a directory, files in the order of their names
// and subdirectories among them (as Argo CD 3.5: reposerver/repository findManifests).
func (w *work) directory(out *output) error {
	options := v1alpha1.ApplicationSourceDirectory{}
	if w.source.Directory != nil {
		options = *w.source.Directory
	}
	filter, err := newFilter(options)
	if err != nil {
		return err
	}
	scan := &scan{work: w, filter: filter, recurse: isTrue(options.Recurse), out: out}
	return scan.list(w.root)
}

// filter decides by name which files of a directory are manifests.
type filter struct {
	include, exclude glob.Glob
	extension        *regexp.Regexp
}

// newFilter refuses a glob that cannot be read: taking it for one that matches nothing would
// turn a typing error into the deletion of everything.
func newFilter(options v1alpha1.ApplicationSourceDirectory) (filter, error) {
	made := filter{extension: regexp.MustCompile(`\.(yaml|yml|json|jsonnet)$`)}
	var err error
	if options.Include != "" {
		if made.include, err = glob.Compile(options.Include); err != nil {
			return made, fault(ReasonInvalid, "", "spec.source.directory.include is not a glob: %w", err)
		}
	}
	if options.Exclude != "" {
		if made.exclude, err = glob.Compile(options.Exclude); err != nil {
			return made, fault(ReasonInvalid, "", "spec.source.directory.exclude is not a glob: %w", err)
		}
	}
	return made, nil
}

// takes reports whether the file at relative, below the source's directory, is a manifest.
func (f filter) takes(relative string) bool {
	switch {
	case !f.extension.MatchString(relative):
		return false
	case f.exclude != nil && f.exclude.Match(relative):
		return false
	}
	return f.include == nil || f.include.Match(relative)
}

// scan walks a directory source.
type scan struct {
	work    *work
	filter  filter
	recurse bool
	out     *output
	bytes   int64
	// imports are shared by all Jsonnet files.
	imports *imports
}

func (s *scan) list(directory string) error {
	entries, err := s.work.tree.List(directory)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b source.Entry) int { return strings.Compare(a.Name, b.Name) })
	for _, entry := range entries {
		if err := s.visit(path.Join(directory, entry.Name), entry.Kind); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) visit(name string, kind source.Kind) error {
	switch {
	case kind == source.Directory && s.recurse:
		return s.list(name)
	case kind == source.Submodule && s.recurse:
		return errSubmodule(name)
	case kind == source.Directory || kind == source.Submodule || !s.filter.takes(s.relative(name)):
		return nil
	}
	data, err := s.read(name, kind)
	if err != nil || data == nil {
		return err
	}
	if bytes.Contains(data, []byte(skipMarker)) {
		return nil
	}
	if s.bytes += int64(len(data)); s.bytes > s.out.limits.ManifestBytes {
		return bytesLimit("combined size of the manifest files", s.out.limits.ManifestBytes)
	}
	switch path.Ext(name) {
	case ".jsonnet":
		return s.jsonnetFile(name, data)
	case ".json":
		return s.out.parseJSON(name, data)
	}
	return s.out.parseYAML(name, data)
}

func (s *scan) relative(name string) string {
	if s.work.root == "." {
		return name
	}
	return strings.TrimPrefix(name, s.work.root+"/")
}

// read returns nil for a symbolic link to nowhere or to a directory, which is left out.
func (s *scan) read(name string, kind source.Kind) ([]byte, error) {
	if kind == source.Symlink {
		_, entry, err := s.work.links.resolve(name)
		switch {
		case err != nil && missing(err):
			return nil, nil
		case err != nil:
			return nil, err
		case entry.Kind == source.Directory || entry.Kind == source.Submodule:
			return nil, nil
		}
	}
	data, err := s.work.links.read(name)
	return data, err
}
