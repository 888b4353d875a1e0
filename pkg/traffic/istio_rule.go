// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// subsets returns a copy of the DestinationRule and its subsets. It fails where it lacks the stable or the canary one.
func (i *istio) subsets(live Live) (*unstructured.Unstructured, []map[string]any, error) {
	ref := i.ruleRef()
	rule, err := live.find(ref)
	if err != nil {
		return nil, nil, err
	}
	subsets, err := list(rule.Object, "spec", "subsets")
	if err != nil {
		return nil, nil, fmt.Errorf("the %s: %w", ref, err)
	}
	for _, name := range []string{i.rule.CanarySubsetName, i.rule.StableSubsetName} {
		if subset(subsets, name) == nil {
			return nil, nil, fmt.Errorf("the %s has no subset %q: add it", ref, name)
		}
	}
	return rule, subsets, nil
}

func subset(subsets []map[string]any, name string) map[string]any {
	index := slices.IndexFunc(subsets, func(subset map[string]any) bool { return text(subset, "name") == name })
	if index < 0 {
		return nil
	}
	return subsets[index]
}

// hash lets the subsets of a DestinationRule select the pods of the revisions. An annotation says whose they are; it
// is left as it is where it names another Rollout, since two that share a DestinationRule would never agree on it.
func (i *istio) hash(intent Intent, live Live) ([]Change, error) {
	rule, subsets, err := i.subsets(live)
	if err != nil {
		return nil, err
	}
	if rule.GetAnnotations()[v1alpha1.AnnotationManagedByRollouts] == "" {
		put(rule.GetAnnotations(), v1alpha1.AnnotationManagedByRollouts, i.rollout.Name, rule.SetAnnotations)
	}
	gone := departed(i.rollout, intent)
	own := []string{i.rule.CanarySubsetName, i.rule.StableSubsetName}
	subsets = slices.DeleteFunc(subsets, func(subset map[string]any) bool {
		name := text(subset, "name")
		return slices.Contains(gone, name) && !slices.Contains(own, name)
	})
	selectHash(subset(subsets, i.rule.CanarySubsetName), intent.Canary.Hash)
	selectHash(subset(subsets, i.rule.StableSubsetName), intent.Stable.Hash)
	for _, additional := range intent.Additional {
		entry := subset(subsets, additional.Service)
		if entry == nil {
			entry = map[string]any{"name": additional.Service}
			subsets = append(subsets, entry)
		}
		selectHash(entry, additional.Hash)
	}
	object(rule.Object, "spec")["subsets"] = slice(subsets)
	return live.update(i.ruleRef(), rule), nil
}

// selectHash lets a subset select the pods of a hash, or pods of all hashes where it is empty.
func selectHash(subset map[string]any, hash string) {
	labels := object(subset, "labels")
	if hash == "" {
		delete(labels, v1alpha1.LabelPodTemplateHash)
		return
	}
	if labels == nil {
		labels = map[string]any{}
		subset["labels"] = labels
	}
	labels[v1alpha1.LabelPodTemplateHash] = hash
}
