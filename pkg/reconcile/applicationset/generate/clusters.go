// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// clusterElements returns one element for each destination that matches, the hosting
// cluster included unless a selector needs labels that it has not (as Argo CD 3.5:
// generators/cluster.go).
func clusterElements(
	generator *v1alpha1.ClusterGenerator, text *text, known []cluster.Destination, origin string,
) ([]element, error) {
	chosen, err := choose(generator.Selector, known)
	if err != nil {
		return nil, fmt.Errorf(".selector: %w", err)
	}
	elements := make([]element, 0, len(chosen))
	for _, destination := range chosen {
		params := clusterParams(destination, text.goTemplate)
		if err := text.addValues(params, generator.Values); err != nil {
			return nil, fmt.Errorf(".values%w, for cluster %q", err, destination.Name)
		}
		elements = append(elements, element{fmt.Sprintf("%s (cluster %q)", origin, destination.Name), params})
	}
	if !isTrue(generator.FlatList) {
		return elements, nil
	}
	list := make([]any, 0, len(elements))
	for _, each := range elements {
		list = append(list, each.params)
	}
	return []element{{origin + ".flatList", map[string]any{"clusters": list}}}, nil
}

// choose returns the destinations that match, by name; what no Secret registered is last.
func choose(selector *metav1.LabelSelector, known []cluster.Destination) ([]cluster.Destination, error) {
	if selector == nil {
		selector = &metav1.LabelSelector{}
	}
	matcher, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, err
	}
	var chosen []cluster.Destination
	for _, destination := range known {
		if matcher.Empty() || destination.Secret != "" && matcher.Matches(labels.Set(destination.Labels)) {
			chosen = append(chosen, destination)
		}
	}
	slices.SortFunc(chosen, func(a, b cluster.Destination) int {
		if (a.Secret == "") != (b.Secret == "") {
			return cmp.Compare(b.Secret, a.Secret)
		}
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Server, b.Server))
	})
	return chosen, nil
}

// clusterParams are the parameters of one destination. Labels and annotations are there
// for Go templates even where there are none, so that .metadata.labels.x is never an error.
func clusterParams(destination cluster.Destination, goTemplate bool) map[string]any {
	params := map[string]any{
		"name":           destination.Name,
		"nameNormalized": normalize(destination.Name),
		"server":         destination.Server,
		"project":        destination.Project,
	}
	offered := maps.Clone(destination.Annotations)
	maps.DeleteFunc(offered, func(key, _ string) bool { return isOwnState(key) })
	if goTemplate {
		params["metadata"] = map[string]any{"labels": stringTree(destination.Labels), "annotations": stringTree(offered)}
		return params
	}
	for key, value := range destination.Labels {
		params["metadata.labels."+key] = value
	}
	for key, value := range offered {
		params["metadata.annotations."+key] = value
	}
	return params
}

// isOwnState reports whether an annotation of a Secret is somebody's bookkeeping. It would
// trigger work on Applications, or carry the credentials that kubectl keeps in it.
func isOwnState(annotation string) bool {
	switch annotation {
	case v1alpha1.AnnotationKeyRefresh, v1alpha1.AnnotationKeyHydrate, corev1.LastAppliedConfigAnnotation,
		"argocd.argoproj.io/tracking-id", "argocd.argoproj.io/installation-id":
		return true
	}
	return false
}

func stringTree(values map[string]string) map[string]any {
	out := make(map[string]any, len(values))
	for key, value := range values {
		out[key] = value
	}
	return out
}
