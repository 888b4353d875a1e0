// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// chooses reports whether any of the selectors chooses a subject.
func chooses(selectors []capstan.GateSelector, subject Subject) bool {
	return slices.ContainsFunc(selectors, func(s capstan.GateSelector) bool {
		// What names no namespace may go to any, and so to the ones that are gated.
		return among(s.Tiers, subject.Tier) &&
			among(s.Projects, project(subject.Application.Spec.Project)) &&
			(subject.Namespace == "" || among(s.Namespaces, subject.Namespace)) &&
			labelled(s.Labels).Matches(labels.Set(subject.Application.Labels))
	})
}

func among(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

// project returns the name of an Application's project.
func project(name string) string {
	if name == "" {
		return "default"
	}
	return name
}

// labelled reads a selector of labels; one that cannot be read chooses everything, so that nothing slips out.
func labelled(selector *metav1.LabelSelector) labels.Selector {
	if selector == nil {
		return labels.Everything()
	}
	read, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return labels.Everything()
	}
	return read
}

// covered reports whether one of the selectors chooses all that s chooses, as far as that shows in s alone.
func covered(s capstan.GateSelector, selectors []capstan.GateSelector) bool {
	return slices.ContainsFunc(selectors, func(wider capstan.GateSelector) bool {
		return within(s.Tiers, wider.Tiers) && within(s.Projects, wider.Projects) &&
			within(s.Namespaces, wider.Namespaces) && narrower(labelled(s.Labels), labelled(wider.Labels))
	})
}

// within reports whether all that is among a is among b.
func within(a, b []string) bool {
	if len(b) == 0 {
		return true
	}
	return len(a) > 0 && !slices.ContainsFunc(a, func(value string) bool { return !slices.Contains(b, value) })
}

// narrower reports whether a asks for all that b asks for.
func narrower(a, b labels.Selector) bool {
	asked, _ := a.Requirements()
	needed, _ := b.Requirements()
	for i := range needed {
		if !slices.ContainsFunc(asked, func(r labels.Requirement) bool { return r.Equal(needed[i]) }) {
			return false
		}
	}
	return true
}
