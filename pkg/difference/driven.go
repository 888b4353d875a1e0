// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"bytes"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// driven is what a controller drives of an object.
type driven struct {
	keep func(wanted, live *unstructured.Unstructured)
}

// Driven returns a rule for the fields of one object that a controller of Rollouts drives: keep gives what is wanted
// the live values of these fields, and changes nothing else. A digest tells what keep does.
func Driven(
	key manifest.Key, keep func(wanted, live *unstructured.Unstructured), digest manifest.Digest,
) (Rule, error) {
	rule, err := compile(v1alpha1.ResourceIgnoreDifferences{
		Group: key.Group, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name,
	})
	rule.driven, rule.digest = &driven{keep: keep}, digest
	return rule, err
}

// drive returns what is wanted with the live values of the fields that controllers drive.
func (r Rules) drive(wanted, live *unstructured.Unstructured) *unstructured.Unstructured {
	kept := wanted.DeepCopy()
	for _, rule := range r {
		if rule.driven != nil {
			rule.driven.keep(kept, live)
		}
	}
	return kept
}

// Strayed reports that a field which a controller drives is other than wanted, and that neither the controller nor
// Capstan wrote it last: somebody changed it by hand.
func (r Rules) Strayed(wanted, object *unstructured.Unstructured) bool {
	changed := changes(wanted.Object, r.drive(wanted, object).Object)
	if len(changed) == 0 {
		return false
	}
	ours := fieldpath.NewSet()
	for _, entry := range object.GetManagedFields() {
		var owned fieldpath.Set
		if !live.Drives(entry.Manager) && entry.Manager != live.FieldManager || entry.FieldsV1 == nil ||
			owned.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
			continue
		}
		ours = ours.Union(owned.Leaves())
	}
	for _, path := range changed {
		if !within(ours, path) {
			return true
		}
	}
	return false
}

// changes are the fields in which one state of an object differs from another; a list is one field.
func changes(one, other map[string]any) []fieldpath.Path {
	var paths []fieldpath.Path
	for _, key := range keysOf(one, other) {
		if reflect.DeepEqual(one[key], other[key]) {
			continue
		}
		inner, isMap := one[key].(map[string]any)
		innerOther, isOtherMap := other[key].(map[string]any)
		at := fieldpath.Path{fieldpath.PathElement{FieldName: &key}}
		if !isMap || !isOtherMap {
			paths = append(paths, at)
			continue
		}
		for _, path := range changes(inner, innerOther) {
			paths = append(paths, append(at.Copy(), path...))
		}
	}
	return paths
}

func keysOf(one, other map[string]any) []string {
	keys := make([]string, 0, len(one))
	for key := range one {
		keys = append(keys, key)
	}
	for key := range other {
		if _, known := one[key]; !known {
			keys = append(keys, key)
		}
	}
	return keys
}

// within reports whether a field, or what it is a part of as a whole, is in a set.
func within(set *fieldpath.Set, path fieldpath.Path) bool {
	for end := len(path); end > 0; end-- {
		if set.Has(path[:end]) {
			return true
		}
	}
	return false
}
