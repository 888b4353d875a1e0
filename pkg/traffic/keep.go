// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Drives reports whether an object is one of those that a router has to see.
func Drives(router Router, ref Ref, object *unstructured.Unstructured) bool {
	return slices.ContainsFunc(router.Needs(), func(need Need) bool {
		if need.Selector == nil {
			return need.Ref == ref
		}
		return need.GroupKind == ref.GroupKind && need.Namespace == ref.Namespace &&
			need.Selector.Matches(labels.Set(object.GetLabels()))
	})
}

// withNames are copies of those entries of a list that have one of some names.
func withNames(entries []map[string]any, names []string) []map[string]any {
	var found []map[string]any
	for _, entry := range entries {
		if slices.Contains(names, text(entry, "name")) {
			found = append(found, clone(entry))
		}
	}
	return found
}

// ofExperiment reports whether a Service has a name such as those of a Rollout's Experiments have.
func ofExperiment(rollout *v1alpha1.Rollout, service string) bool {
	return strings.HasPrefix(service, rollout.Name+"-")
}

// copyWeight gives an entry the weight of another one, where both are there.
func copyWeight(from, onto map[string]any) {
	const field = "weight"
	value, found := from[field]
	switch {
	case from == nil || onto == nil:
	case found:
		onto[field] = value
	default:
		delete(onto, field)
	}
}
