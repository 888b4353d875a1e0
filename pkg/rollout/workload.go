// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Workload is the object whose pod template a Rollout uses.
type Workload struct {
	// UID is its UID.
	UID types.UID
	// Version is its generation, in the form of the status.
	Version string
	// Template is its pod template.
	Template v1alpha1.PodTemplateSpec
	// Selector selects its pods; nil where its kind has none.
	Selector *metav1.LabelSelector
	// Replicas is the number of pods that it asks for; nil where its kind runs none.
	Replicas *int32
	// Released is the UID of the Rollout that has taken its pods over for good, "" where none has.
	Released types.UID
	// InPlace is what more is known of one that replaces its own pods; nil for any other.
	InPlace *InPlace
}

// The kinds of workload that a Rollout can refer to.
const (
	kindDeployment  = "Deployment"
	kindReplicaSet  = "ReplicaSet"
	kindPodTemplate = "PodTemplate"
	kindStatefulSet = "StatefulSet"
	kindDaemonSet   = "DaemonSet"
)

// WorkloadKinds are the workloads that a Rollout can refer to, by kind.
func WorkloadKinds() map[string]schema.GroupVersionResource {
	return map[string]schema.GroupVersionResource{
		kindDeployment:  {Group: "apps", Version: "v1", Resource: "deployments"},
		kindReplicaSet:  {Group: "apps", Version: "v1", Resource: "replicasets"},
		kindPodTemplate: {Version: "v1", Resource: "podtemplates"},
		kindStatefulSet: {Group: "apps", Version: "v1", Resource: "statefulsets"},
		kindDaemonSet:   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	}
}

// CheckWorkload says why a Rollout cannot refer to a workload as it does, before the workload is read.
func CheckWorkload(rollout *v1alpha1.Rollout) error {
	ref, path := rollout.Spec.WorkloadRef, field.NewPath("spec", "workloadRef")
	resource, known := WorkloadKinds()[ref.Kind]
	version := resource.GroupVersion().String()
	switch {
	case !known:
		return field.NotSupported(path.Child("kind"), ref.Kind, slices.Sorted(maps.Keys(WorkloadKinds())))
	case ref.APIVersion != version:
		return field.NotSupported(path.Child("apiVersion"), ref.APIVersion, []string{version})
	case ref.Name == "":
		return field.Required(path.Child("name"), "say which "+ref.Kind+" has the pod template")
	case !blank(rollout.Spec.Template):
		return field.Invalid(field.NewPath("spec", "template"), field.OmitValueType{},
			"the pod template is that of spec.workloadRef: remove one of the two")
	case ReplacesInPlace(rollout):
		return checkInPlace(rollout)
	}
	return checkScaleDown(ref, path.Child("scaleDown"))
}

func checkScaleDown(ref *v1alpha1.ObjectRef, path *field.Path) error {
	switch ref.ScaleDown {
	case "", v1alpha1.ScaleDownNever:
		return nil
	case v1alpha1.ScaleDownOnSuccess, v1alpha1.ScaleDownProgressively:
		if ref.Kind == kindDeployment {
			return nil
		}
		return field.Invalid(path, ref.ScaleDown, "only a Deployment is scaled down")
	default:
		return field.NotSupported(path, ref.ScaleDown,
			[]string{v1alpha1.ScaleDownNever, v1alpha1.ScaleDownOnSuccess, v1alpha1.ScaleDownProgressively})
	}
}

// blank says that a template says nothing, however many empty fields it is written with: typed clients write some.
func blank(template v1alpha1.PodTemplateSpec) bool {
	if len(template.Raw) == 0 {
		return true
	}
	var value any
	// What cannot be read says something.
	return utiljson.Unmarshal(template.Raw, &value) == nil && empty(value)
}

func empty(value any) bool {
	switch typed := value.(type) {
	case nil:
		return true
	case map[string]any:
		for _, item := range typed {
			if !empty(item) {
				return false
			}
		}
		return true
	case []any:
		return len(typed) == 0
	default:
		return false
	}
}

// Resolve returns the Rollout with the template of its workload, and with its selector where it has none of its own. It
// fails where the workload, nil if it is not there, cannot be used.
func Resolve(rollout *v1alpha1.Rollout, workload *Workload) (*v1alpha1.Rollout, error) {
	ref, path := rollout.Spec.WorkloadRef, field.NewPath("spec", "workloadRef", "name")
	if workload == nil {
		return nil, field.Invalid(path, ref.Name, fmt.Sprintf("%s %q not found: create it", ref.Kind, ref.Name))
	}
	template, err := workload.Template.Decode()
	if err != nil {
		return nil, field.Invalid(path, ref.Name, fmt.Sprintf("%s %q: %v", ref.Kind, ref.Name, err))
	}
	if _, is := template.Labels[v1alpha1.LabelPodTemplateHash]; is {
		return nil, field.Invalid(path, ref.Name, fmt.Sprintf(
			"%s %q is a revision of a Rollout: name the workload that it was made from", ref.Kind, ref.Name))
	}
	resolved := *rollout
	resolved.Spec.Template = workload.Template
	if resolved.Spec.Selector == nil {
		resolved.Spec.Selector = workload.Selector
	}
	if workload.InPlace != nil {
		return resolveInPlace(&resolved, workload)
	}
	return &resolved, nil
}
