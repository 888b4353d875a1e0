// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BlueGreenStatus is what only a blue-green Rollout has.
type BlueGreenStatus struct {
	// PreviewSelector is the pod template hash that the preview Service selects.
	// +optional
	PreviewSelector string `json:"previewSelector,omitempty"`
	// ActiveSelector is the pod template hash that the active Service selects.
	// +optional
	ActiveSelector string `json:"activeSelector,omitempty"`
	// ScaleUpPreviewCheckPoint says that the preview may grow to its full size.
	// +optional
	ScaleUpPreviewCheckPoint bool `json:"scaleUpPreviewCheckPoint,omitempty"`
	// PrePromotionAnalysisRunStatus is the state of the analysis before the switch.
	// +optional
	PrePromotionAnalysisRunStatus *RolloutAnalysisRunStatus `json:"prePromotionAnalysisRunStatus,omitempty"`
	// PostPromotionAnalysisRunStatus is the state of the analysis after the switch.
	// +optional
	PostPromotionAnalysisRunStatus *RolloutAnalysisRunStatus `json:"postPromotionAnalysisRunStatus,omitempty"`
}

// CanaryStatus is what only a canary has.
type CanaryStatus struct {
	// CurrentStepAnalysisRunStatus is the state of the current step's analysis.
	// +optional
	CurrentStepAnalysisRunStatus *RolloutAnalysisRunStatus `json:"currentStepAnalysisRunStatus,omitempty"`
	// CurrentBackgroundAnalysisRunStatus is the state of the analysis beside the steps.
	// +optional
	CurrentBackgroundAnalysisRunStatus *RolloutAnalysisRunStatus `json:"currentBackgroundAnalysisRunStatus,omitempty"`
	// CurrentExperiment is the name of the current step's Experiment.
	// +optional
	CurrentExperiment string `json:"currentExperiment,omitempty"`
	// Weights are the weights that the routers were given.
	// +optional
	Weights *TrafficWeights `json:"weights,omitempty"`
	// StablePingPong says which Service is the stable one: ping or pong.
	// +optional
	StablePingPong PingPongType `json:"stablePingPong,omitempty"`
	// StepPluginStatuses are the states of the step plugins.
	// +optional
	// +listType=atomic
	StepPluginStatuses []StepPluginStatus `json:"stepPluginStatuses,omitzero"`
}

// PingPongType names one of two Services that swap their roles.
type PingPongType string

// The two Services that swap their roles.
const (
	PingPongPing PingPongType = "ping"
	PingPongPong PingPongType = "pong"
)

// TrafficWeights are the weights that the routers were given.
type TrafficWeights struct {
	// Canary is the weight of the new pods.
	Canary WeightDestination `json:"canary"`
	// Stable is the weight of the old pods.
	Stable WeightDestination `json:"stable"`
	// Additional are the weights of an Experiment's pods.
	// +optional
	// +listType=atomic
	Additional []WeightDestination `json:"additional,omitzero"`
	// Verified says whether the weights were seen to be in effect; absent is not known.
	// +optional
	Verified *bool `json:"verified,omitempty"`
}

// WeightDestination is the weight of one destination.
type WeightDestination struct {
	// Weight is the share of the traffic.
	Weight int32 `json:"weight"`
	// ServiceName is the name of the Service.
	// +optional
	ServiceName string `json:"serviceName,omitempty"`
	// PodTemplateHash is the pod template hash of the destination.
	// +optional
	PodTemplateHash string `json:"podTemplateHash,omitempty"`
}

// RolloutAnalysisRunStatus is the state of an AnalysisRun of a Rollout.
type RolloutAnalysisRunStatus struct {
	// Name is the name of the AnalysisRun.
	Name string `json:"name"`
	// Status is the state of the AnalysisRun.
	Status AnalysisPhase `json:"status"`
	// Message explains the state.
	// +optional
	Message string `json:"message,omitempty"`
}

// StepPluginPhase is the state of a step plugin's operation.
type StepPluginPhase string

// The states of a step plugin's operation.
const (
	StepPluginPhaseRunning    StepPluginPhase = "Running"
	StepPluginPhaseSuccessful StepPluginPhase = "Successful"
	StepPluginPhaseFailed     StepPluginPhase = "Failed"
	StepPluginPhaseError      StepPluginPhase = "Error"
)

// StepPluginOperation is what a step plugin was asked to do.
type StepPluginOperation string

// The operations of a step plugin.
const (
	StepPluginOperationRun       StepPluginOperation = "Run"
	StepPluginOperationTerminate StepPluginOperation = "Terminate"
	StepPluginOperationAbort     StepPluginOperation = "Abort"
)

// StepPluginStatus is the state of one operation of a step plugin.
type StepPluginStatus struct {
	// Index is the index of the step.
	Index int32 `json:"index"`
	// Name is the name of the plugin.
	Name string `json:"name"`
	// Operation is what the plugin was asked to do.
	Operation StepPluginOperation `json:"operation"`
	// Phase is the state of the operation.
	// +optional
	Phase StepPluginPhase `json:"phase,omitempty"`
	// Message explains the phase.
	// +optional
	Message string `json:"message,omitempty"`
	// StartedAt is when the operation started.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// UpdatedAt is when the state was last written.
	// +optional
	UpdatedAt *metav1.Time `json:"updatedAt,omitempty"`
	// FinishedAt is when the operation ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// Backoff is the time to wait before the next call, as a duration string.
	// +optional
	Backoff DurationString `json:"backoff,omitempty"`
	// Executions is the number of calls.
	// +optional
	Executions int32 `json:"executions,omitempty"`
	// Disabled says that the plugin is switched off.
	// +optional
	Disabled bool `json:"disabled,omitempty"`
	// Status is what the plugin keeps between two calls.
	// +optional
	Status JSON `json:"status,omitzero"`
}

// ALBStatus is a load balancer and its target groups.
type ALBStatus struct {
	// LoadBalancer is the load balancer.
	// +optional
	LoadBalancer AwsResourceRef `json:"loadBalancer,omitzero"`
	// CanaryTargetGroup is the target group of the new pods.
	// +optional
	CanaryTargetGroup AwsResourceRef `json:"canaryTargetGroup,omitzero"`
	// StableTargetGroup is the target group of the old pods.
	// +optional
	StableTargetGroup AwsResourceRef `json:"stableTargetGroup,omitzero"`
	// Ingress is the name of the Ingress.
	// +optional
	Ingress string `json:"ingress,omitempty"`
}

// AwsResourceRef names a resource of AWS.
type AwsResourceRef struct {
	// Name is the name of the resource.
	Name string `json:"name"`
	// ARN is the Amazon resource name.
	ARN string `json:"arn"`
	// FullName is the full name of the resource.
	// +optional
	FullName string `json:"fullName"`
}
