// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/google/go-jsonnet"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// jsonnetFile adds the object, or the list of objects, that a Jsonnet file gives (as Argo CD
// 3.5: reposerver/repository findManifests and makeJsonnetVm).
func (s *scan) jsonnetFile(name string, data []byte) error {
	options := v1alpha1.ApplicationSourceJsonnet{}
	if given := s.work.source.Directory; given != nil && given.Jsonnet != nil {
		options = *given.Jsonnet
	}
	if s.imports == nil {
		found, err := newImports(s.work, options.Libs)
		if err != nil {
			return err
		}
		s.imports = found
	}
	s.imports.found[name] = jsonnet.MakeContentsRaw(data)
	machine := jsonnet.MakeVM()
	machine.SetTraceOut(io.Discard)
	machine.Importer(s.imports)
	bind(options.TLAs, s.work.expand, machine.TLAVar, machine.TLACode)
	bind(options.ExtVars, s.work.expand, machine.ExtVar, machine.ExtCode)
	made, err := machine.EvaluateFile(name)
	switch {
	case s.imports.refused != nil:
		return s.imports.refused
	case err != nil:
		return fault(ReasonInvalid, name, "jsonnet: %s", concise(err))
	}
	return s.out.parseJsonnet(name, []byte(made))
}

// bind sets variables, the values of which may name parts of the build environment.
func bind(variables []v1alpha1.JsonnetVar, expand func(string) string, text, code func(string, string)) {
	for _, variable := range variables {
		set := text
		if isTrue(variable.Code) {
			set = code
		}
		set(variable.Name, expand(variable.Value))
	}
}

// parseJsonnet adds what a Jsonnet file evaluated to; null is nothing.
func (o *output) parseJsonnet(name string, made []byte) error {
	made = bytes.TrimSpace(made)
	objects := []json.RawMessage{made}
	if bytes.HasPrefix(made, []byte("[")) || string(made) == "null" {
		objects = nil
		if err := json.Unmarshal(made, &objects); err != nil {
			return fault(ReasonInvalid, name, "jsonnet: %s", concise(err))
		}
	}
	for i, raw := range objects {
		object, err := objectOf(raw)
		if err != nil {
			return fault(ReasonInvalid, name, "object %d that it gives: %w", i, err)
		}
		if err := o.add(name, object); err != nil {
			return err
		}
	}
	return nil
}

// imports gives Jsonnet files of the source's tree, and no others.
type imports struct {
	links links
	// libraries are looked at after the importing file's own directory.
	libraries []string
	found     map[string]jsonnet.Contents
	// refused is the first thing that was refused: Jsonnet keeps of an error its text alone.
	refused error
}

var _ jsonnet.Importer = (*imports)(nil)

// newImports looks where Argo CD does: in the last library first, in the source's own
// directory at the end. Libraries are named from the root of the repository.
func newImports(w *work, libraries []string) (*imports, error) {
	made := &imports{links: w.links, found: map[string]jsonnet.Contents{}}
	for _, library := range slices.Backward(libraries) {
		at := path.Clean(strings.TrimLeft(library, "/"))
		if !fs.ValidPath(at) {
			return nil, fault(ReasonRefused, "", "spec.source.directory.jsonnet.libs: %q leaves the repository: "+
				"name a directory in it", library)
		}
		made.libraries = append(made.libraries, at)
	}
	made.libraries = append(made.libraries, w.root)
	return made, nil
}

// Import returns the file that an import names.
func (i *imports) Import(from, name string) (jsonnet.Contents, string, error) {
	if path.IsAbs(name) {
		return i.refuse(fault(ReasonRefused, from, "imports %q, which is not in the repository: name a file in it", name))
	}
	leaves := false
	for _, directory := range append([]string{path.Dir(from)}, i.libraries...) {
		at := path.Join(directory, name)
		if !fs.ValidPath(at) {
			leaves = true
			continue
		}
		if known, has := i.found[at]; has {
			return known, at, nil
		}
		data, err := i.links.read(at)
		switch {
		case err != nil && missing(err):
			continue
		case err != nil:
			return i.refuse(err)
		}
		i.found[at] = jsonnet.MakeContentsRaw(data)
		return i.found[at], at, nil
	}
	if leaves {
		return i.refuse(fault(ReasonRefused, from, "imports %q, which leads out of the repository: name a file in it", name))
	}
	return jsonnet.Contents{}, "", fmt.Errorf("%q is neither beside the file that imports it nor in a library", name)
}

func (i *imports) refuse(err error) (jsonnet.Contents, string, error) {
	if i.refused == nil {
		i.refused = err
	}
	return jsonnet.Contents{}, "", err
}
