// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// Keep gives what somebody wants of an object the values that the controller of a Rollout gave the live one, and leaves
// all else as it is. What cannot be read is left alone.
type Keep func(wanted, live *unstructured.Unstructured)

// KeepOf returns what keeps the fields of an object that a Rollout drives, nil where it drives none.
func KeepOf(rollout *v1alpha1.Rollout, object *unstructured.Unstructured) Keep {
	ref := traffic.Ref{
		GroupKind: object.GroupVersionKind().GroupKind(), Namespace: object.GetNamespace(), Name: object.GetName(),
	}
	switch {
	case ref.Namespace == rollout.Namespace && ref.GroupKind == schema.GroupKind{Kind: "Service"}:
		if slices.ContainsFunc(ServicesOf(rollout), func(service NamedService) bool { return service.Name == ref.Name }) {
			return keepSelector(hashLabel(rollout))
		}
	case ref.Namespace == rollout.Namespace && scales(rollout, ref):
		return keepReplicas
	case ref.Namespace == rollout.Namespace && partitions(rollout, ref):
		return keepPartition
	}
	return keepTraffic(rollout, ref, object)
}

// scales reports whether a Rollout scales down the workload that its pods are to replace.
func scales(rollout *v1alpha1.Rollout, ref traffic.Ref) bool {
	work := rollout.Spec.WorkloadRef
	return work != nil && work.ScaleDown != "" && work.ScaleDown != v1alpha1.ScaleDownNever &&
		ref.Group == "apps" && ref.Kind == work.Kind && ref.Name == work.Name
}

// partitions reports whether a workload is the StatefulSet whose pods a Rollout lets be replaced.
func partitions(rollout *v1alpha1.Rollout, ref traffic.Ref) bool {
	work := rollout.Spec.WorkloadRef
	return work != nil && work.Kind == kindStatefulSet && ref.Group == "apps" && ref.Kind == work.Kind &&
		ref.Name == work.Name
}

// keepTraffic keeps what the routers of a Rollout write into an object, nil where they write nothing.
func keepTraffic(rollout *v1alpha1.Rollout, ref traffic.Ref, object *unstructured.Unstructured) Keep {
	// A Rollout whose routers are unknown drives nothing.
	routers, err := traffic.Routers(rollout)
	if err != nil {
		return nil
	}
	routers = slices.DeleteFunc(routers, func(router traffic.Router) bool { return !traffic.Drives(router, ref, object) })
	if len(routers) == 0 {
		return nil
	}
	return func(wanted, live *unstructured.Unstructured) {
		for _, router := range routers {
			router.Keep(ref, live, wanted)
		}
	}
}

// keepSelector keeps the label by which a Service selects the pods of one revision.
func keepSelector(label string) Keep {
	return func(wanted, live *unstructured.Unstructured) { keepField(wanted, live, "spec", "selector", label) }
}

// keepPartition keeps which pods of a StatefulSet get its newest template.
func keepPartition(wanted, live *unstructured.Unstructured) {
	keepField(wanted, live, "spec", "updateStrategy", "rollingUpdate", "partition")
}

// keepReplicas keeps the number of pods of a workload.
func keepReplicas(wanted, live *unstructured.Unstructured) {
	keepField(wanted, live, "spec", "replicas")
}

func keepField(wanted, live *unstructured.Unstructured, path ...string) {
	value, found, err := unstructured.NestedFieldCopy(live.Object, path...)
	if parent, has, parentErr := unstructured.NestedMap(wanted.Object, path[:len(path)-1]...); err != nil || !found ||
		parentErr != nil || !has || parent == nil {
		return
	}
	// That its parent is a map was seen.
	_ = unstructured.SetNestedField(wanted.Object, value, path...)
}
