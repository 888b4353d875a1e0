// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import "k8s.io/apimachinery/pkg/runtime/schema"

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
