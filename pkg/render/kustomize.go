// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/source"
)

func kustomizationNames() []string { return konfig.RecognizedKustomizationFileNames() }

func isKustomization(name string) bool { return slices.Contains(kustomizationNames(), name) }

// kustomize builds the kustomization of the source, edited in memory as kustomize edit would
// in a checkout (as Argo CD 3.5: util/kustomize Build).
func (w *work) kustomize(out *output) error {
	files := &treeFS{links: w.links, edited: map[string][]byte{}, inspect: w.inspectKustomization}
	if w.source.Kustomize != nil {
		if err := w.editKustomization(files); err != nil {
			return err
		}
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionNone
	built, err := krusty.MakeKustomizer(options).Run(files, path.Join(mountPoint, w.root))
	switch {
	case files.refused != nil:
		return files.refused
	case err != nil:
		return w.buildFault(err)
	}
	for _, resource := range built.Resources() {
		data, err := resource.MarshalJSON()
		if err != nil {
			return fault(ReasonInvalid, w.root, "encode %s: %s", resource.CurId(), concise(err))
		}
		object, err := objectOf(data)
		if err != nil {
			return fault(ReasonInvalid, w.root, "%w", err)
		}
		if err := out.add(w.root, object); err != nil {
			return err
		}
	}
	return nil
}

// buildFault words an error of kustomize, which knows no kinds of errors.
func (w *work) buildFault(err error) error {
	switch {
	case errors.Is(err, errRemote):
		return fault(ReasonRefused, w.root, "%w", errRemote)
	case types.IsErrOnlyBuiltinPluginsAllowed(err):
		return fault(ReasonRefused, w.root, "a kustomization may not run programs: %s", concise(err))
	}
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return limit
	}
	return fault(ReasonInvalid, w.root, "kustomize: %s", concise(err))
}

// editKustomization puts the edited kustomization of the source over the one of the tree.
func (w *work) editKustomization(files *treeFS) error {
	file, err := w.kustomizationFile(files)
	if err != nil {
		return err
	}
	data, err := files.ReadFile(path.Join(mountPoint, file))
	if err != nil {
		return err
	}
	kustomization := types.Kustomization{}
	if err = kustomization.Unmarshal(data); err != nil {
		return fault(ReasonInvalid, file, "%s", concise(err))
	}
	kustomization.FixKustomization()
	edit := &edit{
		options:       *w.source.Kustomize,
		kustomization: &kustomization,
		variable:      w.pipe.variable,
		exists: func(component string) bool {
			return files.Exists(path.Join(mountPoint, w.root, component))
		},
	}
	if err = edit.run(); err != nil {
		return err
	}
	edited, err := yaml.Marshal(kustomization)
	if err != nil {
		return fmt.Errorf("encode %s: %w", file, err)
	}
	files.edited[file] = edited
	return nil
}

// kustomizationFile returns the resolved path of the source's one kustomization.
func (w *work) kustomizationFile(files *treeFS) (string, error) {
	var found []string
	for _, name := range kustomizationNames() {
		file, entry, err := files.lookup(path.Join(mountPoint, w.root, name))
		switch {
		case err != nil && missing(err):
			continue
		case err != nil:
			return "", err
		case entry.Kind == source.Directory:
			return "", fault(ReasonInvalid, file, "must be a file")
		}
		found = append(found, file)
	}
	switch len(found) {
	case 0:
		return "", fault(ReasonNotFound, w.root, "no kustomization.yaml is there, but spec.source.kustomize is set")
	case 1:
		return found[0], nil
	}
	return "", fault(ReasonInvalid, w.root, "holds more than one kustomization: keep one")
}
