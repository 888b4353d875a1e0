// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// patched makes a strategic merge patch to an Application. The project stays: a patch must
// not lead out of it (as Argo CD 3.5: controllers/template/patch.go).
func patched(app *v1alpha1.Application, patch string) (*v1alpha1.Application, error) {
	text, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	if _, err = decode(text); err != nil {
		return nil, err
	}
	changes, err := treeOf(json.RawMessage(text))
	if err != nil {
		return nil, err
	}
	before, err := treeOf(app)
	if err != nil {
		return nil, err
	}
	typed, err := strategicpatch.NewPatchMetaFromStruct(v1alpha1.Application{})
	if err != nil {
		return nil, fmt.Errorf("read the type: %w", err)
	}
	after, err := strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(before, changes, lenient{typed})
	if err != nil {
		return nil, err
	}
	if text, err = json.Marshal(after); err != nil {
		return nil, err
	}
	out, err := decode(text)
	if err != nil {
		return nil, err
	}
	out.Spec.Project = app.Spec.Project
	return out, nil
}

// lenient is a schema that also takes fields that the type does not name, such as those of
// Helm values: they merge as plain JSON.
type lenient struct{ strategicpatch.LookupPatchMeta }

// LookupPatchMetadataForStruct returns the schema below an object's field.
func (l lenient) LookupPatchMetadataForStruct(
	key string,
) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	below, meta, err := l.LookupPatchMeta.LookupPatchMetadataForStruct(key)
	if err != nil {
		return l, strategicpatch.PatchMeta{}, nil //nolint:nilerr // the type says nothing of it
	}
	return lenient{below}, meta, nil
}

// LookupPatchMetadataForSlice returns the schema of a list's entries.
func (l lenient) LookupPatchMetadataForSlice(
	key string,
) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	below, meta, err := l.LookupPatchMeta.LookupPatchMetadataForSlice(key)
	if err != nil {
		return l, strategicpatch.PatchMeta{}, nil //nolint:nilerr // the type says nothing of it
	}
	return lenient{below}, meta, nil
}
