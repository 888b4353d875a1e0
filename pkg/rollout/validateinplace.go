// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// ReplacesInPlace says that a Rollout names a workload that replaces its own pods.
func ReplacesInPlace(rollout *v1alpha1.Rollout) bool {
	ref := rollout.Spec.WorkloadRef
	return ref != nil && ref.Name != "" && (ref.Kind == kindStatefulSet || ref.Kind == kindDaemonSet)
}

// TellsOfPods says that the status of a resource tells of pods which it replaces by itself.
func TellsOfPods(resource schema.GroupVersionResource) bool {
	kinds := WorkloadKinds()
	return resource == kinds[kindStatefulSet] || resource == kinds[kindDaemonSet]
}

// hashLabel is the label of pods that tells the revisions of a Rollout apart.
func hashLabel(rollout *v1alpha1.Rollout) string {
	if ReplacesInPlace(rollout) {
		return appsv1.ControllerRevisionHashLabelKey
	}
	return v1alpha1.LabelPodTemplateHash
}

// checkInPlace says what a Rollout asks for that a workload which replaces its own pods cannot do, nil where there is
// nothing.
func checkInPlace(rollout *v1alpha1.Rollout) error {
	ref, spec := rollout.Spec.WorkloadRef, field.NewPath("spec")
	forbid := func(path *field.Path, advice string) error { return field.Forbidden(path, advice) }
	switch {
	case ref.ScaleDown != "":
		return checkScaleDown(ref, spec.Child("workloadRef", "scaleDown"))
	case rollout.Spec.Replicas != nil:
		return forbid(spec.Child("replicas"), "the "+ref.Kind+" says how many pods there are: leave it out")
	case or(rollout.Spec.MinReadySeconds, 0) > 0:
		return forbid(spec.Child("minReadySeconds"), "say it in the "+ref.Kind)
	case rollout.Spec.BlueGreen() != nil:
		return forbid(spec.Child("strategy", "blueGreen"),
			"a "+ref.Kind+" replaces its pods one by one and never has both revisions in full: use a canary")
	case rollout.Annotations[v1alpha1.AnnotationVersionedConfig] != "":
		return forbid(field.NewPath("metadata", "annotations").Key(v1alpha1.AnnotationVersionedConfig),
			"the template of a "+ref.Kind+" stays as it is written: remove the annotation")
	case rollout.Spec.Canary() == nil:
		return nil
	default:
		return checkCanaryInPlace(ref.Kind, rollout.Spec.Canary(), spec.Child("strategy", "canary"))
	}
}

func checkCanaryInPlace(kind string, canary *v1alpha1.CanaryStrategy, path *field.Path) error {
	for _, asked := range []struct {
		name string
		is   bool
	}{
		{"trafficRouting", canary.TrafficRouting != nil}, {"pingPong", canary.PingPong != nil},
		{"antiAffinity", canary.AntiAffinity != nil}, {"canaryMetadata", canary.CanaryMetadata != nil},
		{"stableMetadata", canary.StableMetadata != nil}, {"maxSurge", canary.MaxSurge != nil && !none(canary.MaxSurge)},
	} {
		if asked.is {
			return field.Forbidden(path.Child(asked.name), "it is not there for a "+kind+": leave it out")
		}
	}
	if canary.MaxUnavailable != nil && none(canary.MaxUnavailable) {
		return field.Invalid(path.Child("maxUnavailable"), canary.MaxUnavailable.String(),
			"a "+kind+" deletes a pod before it makes it anew: allow one at least")
	}
	for i := range canary.Steps {
		step, at := &canary.Steps[i], path.Child("steps").Index(i)
		if step.Experiment != nil {
			return field.Forbidden(at.Child("experiment"), "it is not there for a "+kind+": leave the step out")
		}
		if step.SetCanaryScale != nil {
			return field.Forbidden(at.Child("setCanaryScale"),
				"the pods of a "+kind+" take turns: use setWeight, which says how many are new")
		}
	}
	return nil
}

// resolveInPlace gives a Rollout what its workload, which replaces its own pods, decides. It fails where the workload
// does not let itself be driven.
func resolveInPlace(resolved *v1alpha1.Rollout, workload *Workload) (*v1alpha1.Rollout, error) {
	ref, path := resolved.Spec.WorkloadRef, field.NewPath("spec", "workloadRef", "name")
	wanted := map[string]string{kindStatefulSet: "RollingUpdate", kindDaemonSet: "OnDelete"}[ref.Kind]
	switch work := workload.InPlace; {
	case work.Driver != "" && work.Driver != resolved.Name:
		return nil, field.Invalid(path, ref.Name, fmt.Sprintf("%s %q is managed by another Rollout, %q",
			ref.Kind, ref.Name, work.Driver))
	case work.Strategy != wanted:
		return nil, field.Invalid(path, ref.Name, fmt.Sprintf("%s %q has spec.updateStrategy.type %s: set it to %s",
			ref.Kind, ref.Name, work.Strategy, wanted))
	}
	resolved.Spec.Replicas = workload.Replicas
	if canary := resolved.Spec.Canary(); canary != nil {
		// No pod comes before another one goes.
		alone := *canary
		alone.MaxSurge = new(intstr.FromInt32(0))
		resolved.Spec.Strategy = &v1alpha1.RolloutStrategy{Canary: &alone}
	}
	return resolved, nil
}
