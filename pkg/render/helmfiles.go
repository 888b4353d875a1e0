// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/capstan-dev/capstan/pkg/source"
)

// file is one file of a chart, by its path in the chart.
type file struct {
	name string
	data []byte
}

// buffered makes what helm's loader takes, which changes it.
func buffered(files []file) []*archive.BufferedFile {
	all := make([]*archive.BufferedFile, len(files))
	for i, f := range files {
		all[i] = &archive.BufferedFile{Name: f.name, Data: f.data}
	}
	return all
}

// chartFiles reads the chart of the source.
func (w *work) chartFiles() ([]file, error) {
	if !w.has("Chart.yaml") {
		return nil, fault(ReasonNotFound, w.root, "no Chart.yaml is there, but spec.source.helm is set")
	}
	return w.links.chart(w.root)
}

// chart reads all files of a directory that its .helmignore does not leave out.
func (l links) chart(root string) ([]file, error) {
	rules := ignore.Empty()
	name := path.Join(root, ignore.HelmIgnore)
	switch data, err := l.read(name); {
	case err == nil:
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, fault(ReasonInvalid, name, "%s", concise(err))
		}
	case !missing(err):
		return nil, err
	}
	rules.AddDefaults()
	reading := &chartReading{links: l, rules: rules}
	return reading.files, reading.directory(root, "", nil)
}

// chartReading walks a chart.
type chartReading struct {
	links links
	rules *ignore.Rules
	files []file
}

// directory reads what is below a directory; above are the directories that lead to it.
func (r *chartReading) directory(at, inside string, above []string) error {
	if slices.Contains(above, at) {
		return fault(ReasonRefused, at, "symbolic links lead round in a circle")
	}
	entries, err := r.links.tree.List(at)
	if err != nil {
		return err
	}
	above = append(slices.Clone(above), at)
	for _, entry := range entries {
		if err := r.entry(path.Join(at, entry.Name), path.Join(inside, entry.Name), above); err != nil {
			return err
		}
	}
	return nil
}

func (r *chartReading) entry(at, inside string, above []string) error {
	resolved, entry, err := r.links.resolve(at)
	switch {
	case err != nil && missing(err):
		return fault(ReasonNotFound, at, "is a symbolic link to nowhere")
	case err != nil:
		return err
	case r.rules.Ignore(inside, ignorable{name: path.Base(inside), kind: entry.Kind}):
		return nil
	case entry.Kind == source.Directory:
		return r.directory(resolved, inside, above)
	case entry.Kind == source.Submodule:
		return errSubmodule(at)
	}
	data, err := r.links.tree.Read(resolved)
	if err != nil {
		return err
	}
	r.files = append(r.files, file{name: inside, data: bytes.TrimPrefix(data, []byte("\ufeff"))})
	return nil
}

// ignorable is an entry as rules of a .helmignore see it.
type ignorable struct {
	name string
	kind source.Kind
}

var _ fs.FileInfo = ignorable{}

// Name returns the last element of the path.
func (i ignorable) Name() string { return i.name }

// Size returns nothing of use.
func (i ignorable) Size() int64 { return 0 }

// Mode says whether it is a directory.
func (i ignorable) Mode() fs.FileMode {
	if i.IsDir() {
		return fs.ModeDir
	}
	return 0
}

// ModTime returns nothing of use.
func (i ignorable) ModTime() time.Time { return time.Time{} }

// IsDir reports whether it is a directory.
func (i ignorable) IsDir() bool { return i.kind == source.Directory }

// Sys returns nothing.
func (i ignorable) Sys() any { return nil }
