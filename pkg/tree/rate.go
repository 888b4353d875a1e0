// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/health"
)

// rate reads what the roots own and rates it, where a rule knows the kind.
func (f *finding) rate(ctx context.Context, from Reader, rules cluster.HealthRules, nodes []Node) {
	if rules == nil {
		return
	}
	var reads []func()
	for i := range nodes {
		node := &nodes[i]
		if node.Managed || !rules.Has(node.GroupKind()) && node.GroupKind() != podKind() {
			continue
		}
		if f.reads++; f.reads > maxReads {
			f.gap(node.GroupKind(), node.Namespace, fmt.Sprintf("only %d objects are rated", maxReads))
			continue
		}
		reads = append(reads, func() { f.rateOne(ctx, from, rules, node) })
	}
	parallel(reads)
}

func (f *finding) rateOne(ctx context.Context, from Reader, rules cluster.HealthRules, node *Node) {
	full, err := from.Get(ctx, node.Key, node.Version)
	switch {
	case apierrors.IsNotFound(err), err == nil && full.GetUID() != node.UID:
		// It went while the tree was read; it was there a moment ago.
		return
	case err != nil:
		f.gap(node.GroupKind(), node.Namespace, err.Error())
		return
	}
	node.Health = Rate(rules, full)
	if node.GroupKind() == podKind() {
		node.Images = images(full)
	}
}

// Rate returns the health of a live object: one that is being deleted is Progressing, and a rule that
// fails leaves it Unknown.
func Rate(rules cluster.HealthRules, full *unstructured.Unstructured) *health.Health {
	if pending := health.PendingDeletion(full); pending != nil {
		return pending
	}
	rated, err := rules.Assess(full)
	if err != nil {
		return &health.Health{Status: health.Unknown, Message: "health rule failed: " + err.Error()}
	}
	return rated
}

func images(pod *unstructured.Unstructured) []string {
	var found []string
	for _, field := range []string{"initContainers", "containers"} {
		containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", field)
		for _, container := range containers {
			fields, _ := container.(map[string]any)
			if image, _ := fields["image"].(string); image != "" {
				found = append(found, image)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
