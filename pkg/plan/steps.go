// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/live"
)

// Step is a group of changes that may run side by side.
type Step struct {
	// Wave is the sync wave of the changes.
	Wave int
	// Changes have the same wave and the same rank of kind.
	Changes []Change
}

// Steps returns the pending changes in the order to run them: each step begins when the one
// before is done, and a step of a higher wave when all below is healthy.
func (p Plan) Steps() []Step {
	var steps []Step
	var last Change
	for _, change := range p.Pending() {
		if len(steps) == 0 || !together(last, change) {
			steps = append(steps, Step{Wave: change.Wave})
		}
		step := &steps[len(steps)-1]
		step.Changes = append(step.Changes, change)
		last = change
	}
	return steps
}

// Cascade returns the steps that remove all of an application's objects, hooks and all, the
// last of a sync first. An object that is being deleted already is no part of them.
func Cascade(objects []live.Object) []Step {
	var p Plan
	for _, object := range objects {
		object.Keep = 0
		p.Changes = append(p.Changes, extra(Input{Prune: true}, object))
	}
	slices.SortStableFunc(p.Changes, order)
	return p.Steps()
}

func together(a, b Change) bool {
	return a.Action == b.Action && a.Wave == b.Wave && rank(a.GroupKind()) == rank(b.GroupKind())
}

// The ranks of kinds: what others need comes first. Fewer ranks than kinds, because each
// is a barrier (as Argo CD 3.6 orders them: gitops-engine, sync_tasks.go).
const (
	rankNamespace = iota
	rankDefinition
	rankConfiguration
	rankWorkload
	rankRegistration
)

func rank(kind schema.GroupKind) int {
	switch kind.Kind {
	case "Namespace":
		return rankNamespace
	case "CustomResourceDefinition", "StorageClass", "PriorityClass", "IngressClass", "GatewayClass":
		return rankDefinition
	case "NetworkPolicy", "ResourceQuota", "LimitRange", "PodDisruptionBudget", "ServiceAccount", "Secret",
		"ConfigMap", "PersistentVolume", "PersistentVolumeClaim", "ClusterRole", "ClusterRoleBinding", "Role",
		"RoleBinding", "Service":
		return rankConfiguration
	case "APIService", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		return rankRegistration
	default:
		return rankWorkload
	}
}
