// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +genclient:method=GetScale,verb=get,subresource=scale,result=k8s.io/api/autoscaling/v1.Scale
// +genclient:method=UpdateScale,verb=update,subresource=scale,input=k8s.io/api/autoscaling/v1.Scale,result=k8s.io/api/autoscaling/v1.Scale
// +genclient:method=Promote,verb=create,subresource=promote,input=RolloutPromote,result=Rollout
// +genclient:method=Abort,verb=create,subresource=abort,input=RolloutAbort,result=Rollout
// +genclient:method=Retry,verb=create,subresource=retry,input=RolloutRetry,result=Rollout
// +genclient:method=Undo,verb=create,subresource=undo,input=RolloutUndo,result=Rollout
// +genclient:method=Pause,verb=create,subresource=pause,input=RolloutManualPause,result=Rollout
// +genclient:method=Restart,verb=create,subresource=restart,input=RolloutRestart,result=Rollout
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Rollout runs the pods of a template and replaces them step by step when the template changes.
type Rollout struct {
	metav1.TypeMeta `json:""`
	// Standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what to run and how to replace it.
	// +required
	Spec RolloutSpec `json:"spec"`
	// Status is what was observed last.
	// +optional
	Status RolloutStatus `json:"status,omitzero"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// RolloutList is a list of Rollouts.
type RolloutList struct {
	metav1.TypeMeta `json:""`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// Items are the Rollouts.
	Items []Rollout `json:"items"`
}

// RolloutSpec says what to run and how to replace it.
type RolloutSpec struct {
	// Replicas is the number of desired pods; absent is 1.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// Selector selects the Rollout's pods and must match the template's labels; it cannot change once it is set.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// Template describes the pods.
	// +optional
	Template PodTemplateSpec `json:"template,omitzero"`
	// WorkloadRef names a workload whose pod template is used in place of Template.
	// +optional
	WorkloadRef *ObjectRef `json:"workloadRef,omitempty"`
	// MinReadySeconds is the time in seconds that a pod must be ready to count as available; absent is 0.
	// +optional
	MinReadySeconds *int32 `json:"minReadySeconds,omitempty"`
	// RollbackWindow says which rollbacks skip the steps.
	// +optional
	RollbackWindow *RollbackWindowSpec `json:"rollbackWindow,omitempty"`
	// Strategy says how pods are replaced.
	// +optional
	Strategy *RolloutStrategy `json:"strategy,omitempty"`
	// RevisionHistoryLimit is the number of old ReplicaSets to keep; absent is 10.
	// +optional
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty"`
	// Paused stops the Rollout at its current step.
	// +optional
	Paused *bool `json:"paused,omitempty"`
	// ProgressDeadlineSeconds is the time in seconds in which an update must make progress; absent is 600.
	// +optional
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`
	// ProgressDeadlineAbort aborts an update that makes no progress in time.
	// +optional
	ProgressDeadlineAbort *bool `json:"progressDeadlineAbort,omitempty"`
	// RestartAt is a time after which every pod must have been created.
	// +optional
	RestartAt *metav1.Time `json:"restartAt,omitempty"`
	// Analysis says how many AnalysisRuns and Experiments are kept.
	// +optional
	Analysis *AnalysisRunStrategy `json:"analysis,omitempty"`
}

// Canary returns the canary strategy, or nil where the Rollout has none.
func (s *RolloutSpec) Canary() *CanaryStrategy {
	if s.Strategy == nil {
		return nil
	}
	return s.Strategy.Canary
}

// BlueGreen returns the blue-green strategy, or nil where the Rollout has none.
func (s *RolloutSpec) BlueGreen() *BlueGreenStrategy {
	if s.Strategy == nil {
		return nil
	}
	return s.Strategy.BlueGreen
}

// What becomes of a referenced Deployment once the Rollout runs its pods: values of ObjectRef.ScaleDown.
const (
	ScaleDownNever         = "never"
	ScaleDownOnSuccess     = "onsuccess"
	ScaleDownProgressively = "progressively"
)

// ObjectRef names a workload in the Rollout's namespace.
type ObjectRef struct {
	// APIVersion is the API version of the workload.
	// +optional
	APIVersion string `json:"apiVersion,omitempty"`
	// Kind is the kind of the workload: Deployment, ReplicaSet, PodTemplate, StatefulSet or DaemonSet.
	// +optional
	Kind string `json:"kind,omitempty"`
	// Name is the name of the workload.
	// +optional
	Name string `json:"name,omitempty"`
	// ScaleDown says when the workload's own pods are removed: never, onsuccess or progressively; absent is never.
	// +optional
	ScaleDown string `json:"scaleDown,omitempty"`
}

// RollbackWindowSpec says which rollbacks skip the steps.
type RollbackWindowSpec struct {
	// Revisions is the number of revisions back to which a rollback skips the steps.
	// +optional
	Revisions *int32 `json:"revisions,omitempty"`
}

// RolloutStrategy says how pods are replaced; one of the fields is set.
type RolloutStrategy struct {
	// BlueGreen switches a Service from the old pods to the new ones.
	// +optional
	BlueGreen *BlueGreenStrategy `json:"blueGreen,omitempty"`
	// Canary replaces pods, or moves traffic, in steps.
	// +optional
	Canary *CanaryStrategy `json:"canary,omitempty"`
}

// AnalysisRunStrategy says how many AnalysisRuns and Experiments are kept.
type AnalysisRunStrategy struct {
	// SuccessfulRunHistoryLimit is the number of successful ones to keep; absent is 5.
	// +optional
	SuccessfulRunHistoryLimit *int32 `json:"successfulRunHistoryLimit,omitempty"`
	// UnsuccessfulRunHistoryLimit is the number of failed, inconclusive and erroneous ones to keep; absent is 5.
	// +optional
	UnsuccessfulRunHistoryLimit *int32 `json:"unsuccessfulRunHistoryLimit,omitempty"`
}

// AntiAffinity keeps pods of different revisions on different nodes; one of the fields is set.
type AntiAffinity struct {
	// Preferred is a preference.
	// +optional
	Preferred *PreferredAntiAffinity `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty"`
	// Required is a requirement.
	// +optional
	Required *RequiredAntiAffinity `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty"`
}

// PreferredAntiAffinity is the weight of an anti-affinity preference.
type PreferredAntiAffinity struct {
	// Weight is the weight of the preference, from 1 to 100.
	// +required
	Weight *int32 `json:"weight,omitempty"`
}

// RequiredAntiAffinity is an anti-affinity requirement.
type RequiredAntiAffinity struct{}

// PodTemplateMetadata holds labels and annotations of pods.
type PodTemplateMetadata struct {
	// Labels are the labels.
	// +optional
	Labels map[string]string `json:"labels,omitzero"`
	// Annotations are the annotations.
	// +optional
	Annotations map[string]string `json:"annotations,omitzero"`
}

// AnalysisRunMetadata holds labels and annotations of AnalysisRuns.
type AnalysisRunMetadata struct {
	// Labels are the labels.
	// +optional
	Labels map[string]string `json:"labels,omitzero"`
	// Annotations are the annotations.
	// +optional
	Annotations map[string]string `json:"annotations,omitzero"`
}
