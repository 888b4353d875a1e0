// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Experiment runs ReplicaSets of several pod templates side by side for a time, and analyses them.
type Experiment struct {
	metav1.TypeMeta `json:""`
	// Standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what to run and how to judge it.
	// +required
	Spec ExperimentSpec `json:"spec"`
	// Status is what was observed last.
	// +optional
	Status ExperimentStatus `json:"status,omitzero"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ExperimentList is a list of Experiments.
type ExperimentList struct {
	metav1.TypeMeta `json:""`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// Items are the Experiments.
	Items []Experiment `json:"items"`
}

// ExperimentSpec says what to run, for how long, and how to judge it.
type ExperimentSpec struct {
	// Templates are the pod templates to run, each as a ReplicaSet of its own.
	// +required
	// +listType=atomic
	Templates []TemplateSpec `json:"templates,omitzero"`
	// Duration is how long to run once every template is available, as a duration string; absent is until it is stopped.
	// +optional
	Duration DurationString `json:"duration,omitempty"`
	// ProgressDeadlineSeconds is the time in seconds in which the templates must become available; absent is 600.
	// +optional
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`
	// Terminate stops the experiment.
	// +optional
	Terminate *bool `json:"terminate,omitempty"`
	// Analyses are the analyses to run while the templates are available.
	// +optional
	// +listType=atomic
	Analyses []ExperimentAnalysisTemplateRef `json:"analyses,omitzero"`
	// ScaleDownDelaySeconds is the time in seconds that ReplicaSets stay up after the end; absent is 30.
	// +optional
	ScaleDownDelaySeconds *int32 `json:"scaleDownDelaySeconds,omitempty"`
	// DryRun names metrics that are measured without deciding the result.
	// +optional
	// +listType=atomic
	DryRun []DryRun `json:"dryRun,omitzero"`
	// MeasurementRetention says how many measurements of a metric are kept.
	// +optional
	// +listType=atomic
	MeasurementRetention []MeasurementRetention `json:"measurementRetention,omitzero"`
	// AnalysisRunMetadata is put on the AnalysisRuns.
	// +optional
	AnalysisRunMetadata *AnalysisRunMetadata `json:"analysisRunMetadata,omitempty"`
}

// TemplateSpec is one pod template of an Experiment.
type TemplateSpec struct {
	// Name identifies the template within the Experiment.
	// +required
	Name string `json:"name"`
	// Replicas is the number of desired pods; absent is 1.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// MinReadySeconds is the time in seconds that a pod must be ready to count as available; absent is 0.
	// +optional
	MinReadySeconds *int32 `json:"minReadySeconds,omitempty"`
	// Selector selects the template's pods and must match its labels.
	// +required
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// Template describes the pods.
	// +required
	Template PodTemplateSpec `json:"template,omitzero"`
	// Service asks for a Service in front of the template's pods.
	// +optional
	Service *TemplateService `json:"service,omitempty"`
}

// TemplateService describes the Service that an Experiment makes for a template.
type TemplateService struct {
	// Name is the name of the Service; absent is the name of the ReplicaSet.
	// +optional
	Name string `json:"name,omitempty"`
}

// ExperimentAnalysisTemplateRef is an analysis of an Experiment.
type ExperimentAnalysisTemplateRef struct {
	// Name identifies the analysis within the Experiment.
	// +required
	Name string `json:"name"`
	// TemplateName is the name of the AnalysisTemplate or ClusterAnalysisTemplate.
	// +required
	TemplateName string `json:"templateName"`
	// ClusterScope says that TemplateName is a ClusterAnalysisTemplate.
	// +optional
	ClusterScope *bool `json:"clusterScope,omitempty"`
	// Args are the arguments of the AnalysisRun.
	// +optional
	// +listType=atomic
	Args []Argument `json:"args,omitzero"`
	// RequiredForCompletion keeps the Experiment running until the analysis is complete.
	// +optional
	RequiredForCompletion *bool `json:"requiredForCompletion,omitempty"`
}

// TemplateStatusCode is the state of one template of an Experiment.
type TemplateStatusCode string

// The states of a template.
const (
	TemplateStatusProgressing TemplateStatusCode = "Progressing"
	TemplateStatusRunning     TemplateStatusCode = "Running"
	TemplateStatusSuccessful  TemplateStatusCode = "Successful"
	TemplateStatusFailed      TemplateStatusCode = "Failed"
	TemplateStatusError       TemplateStatusCode = "Error"
)

// Completed says whether the template will not change its state any more.
func (c TemplateStatusCode) Completed() bool {
	return c == TemplateStatusSuccessful || c == TemplateStatusFailed || c == TemplateStatusError
}

// ExperimentStatus is what was observed of an Experiment.
type ExperimentStatus struct {
	// Phase is the state of the Experiment as a whole.
	// +optional
	Phase AnalysisPhase `json:"phase,omitempty"`
	// Message explains the phase.
	// +optional
	Message string `json:"message,omitempty"`
	// TemplateStatuses are the states of the templates.
	// +optional
	// +listType=atomic
	TemplateStatuses []TemplateStatus `json:"templateStatuses,omitzero"`
	// AvailableAt is when every template became available; the duration counts from here.
	// +optional
	AvailableAt *metav1.Time `json:"availableAt,omitempty"`
	// Conditions are the latest observations of the Experiment's state.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []ExperimentCondition `json:"conditions,omitzero"`
	// AnalysisRuns are the states of the analyses.
	// +optional
	// +listType=atomic
	AnalysisRuns []ExperimentAnalysisRunStatus `json:"analysisRuns,omitzero"`
}

// TemplateStatus is the state of one template of an Experiment.
type TemplateStatus struct {
	// Name is the name of the template.
	Name string `json:"name"`
	// Replicas is the number of pods.
	Replicas int32 `json:"replicas"`
	// UpdatedReplicas is the number of pods of the desired template.
	UpdatedReplicas int32 `json:"updatedReplicas"`
	// ReadyReplicas is the number of ready pods.
	ReadyReplicas int32 `json:"readyReplicas"`
	// AvailableReplicas is the number of pods that were ready for the minimum time.
	AvailableReplicas int32 `json:"availableReplicas"`
	// CollisionCount is the number of collisions of the ReplicaSet's name.
	// +optional
	CollisionCount *int32 `json:"collisionCount,omitempty"`
	// Status is the state of the template.
	// +optional
	Status TemplateStatusCode `json:"status,omitempty"`
	// Message explains the state.
	// +optional
	Message string `json:"message,omitempty"`
	// LastTransitionTime is when the ReplicaSet last made progress; the progress deadline counts from here.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
	// ServiceName is the name of the template's Service.
	// +optional
	ServiceName string `json:"serviceName,omitempty"`
	// PodTemplateHash is the value of the pods' rollouts-pod-template-hash label.
	// +optional
	PodTemplateHash string `json:"podTemplateHash,omitempty"`
}

// ExperimentConditionType names a condition of an Experiment.
type ExperimentConditionType string

// The conditions of an Experiment.
const (
	ExperimentInvalidSpec    ExperimentConditionType = "InvalidSpec"
	ExperimentCompleted      ExperimentConditionType = "Completed"
	ExperimentProgressing    ExperimentConditionType = "Progressing"
	ExperimentRunning        ExperimentConditionType = "Running"
	ExperimentReplicaFailure ExperimentConditionType = "ReplicaFailure"
	// ExperimentClusterUnreachable says that the cluster of the pods cannot be asked: the rest of the status is as it was
	// before.
	ExperimentClusterUnreachable ExperimentConditionType = "ClusterUnreachable"
)

// ExperimentCondition is one observation of an Experiment's state.
type ExperimentCondition struct {
	// Type names the condition.
	Type ExperimentConditionType `json:"type"`
	// Status is True, False or Unknown.
	Status corev1.ConditionStatus `json:"status"`
	// LastUpdateTime is when the condition was last written.
	LastUpdateTime metav1.Time `json:"lastUpdateTime"`
	// LastTransitionTime is when the status last changed.
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
	// Reason is the machine-readable cause of the last transition.
	Reason string `json:"reason"`
	// Message explains the condition.
	Message string `json:"message"`
}

// ExperimentAnalysisRunStatus is the state of one analysis of an Experiment.
type ExperimentAnalysisRunStatus struct {
	// Name is the name of the analysis within the Experiment.
	Name string `json:"name"`
	// AnalysisRun is the name of the AnalysisRun.
	AnalysisRun string `json:"analysisRun"`
	// Phase is the state of the AnalysisRun.
	Phase AnalysisPhase `json:"phase"`
	// Message explains the state.
	// +optional
	Message string `json:"message,omitempty"`
}
