// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
)

// CanaryStrategy replaces pods, or moves traffic, in steps.
type CanaryStrategy struct {
	// CanaryService is the name of the Service that selects the new pods.
	// +optional
	CanaryService string `json:"canaryService,omitempty"`
	// StableService is the name of the Service that selects the old pods.
	// +optional
	StableService string `json:"stableService,omitempty"`
	// Steps are done in order; without steps all pods are replaced as a Deployment replaces them.
	// +optional
	// +listType=atomic
	Steps []CanaryStep `json:"steps,omitzero"`
	// TrafficRouting splits the traffic by weight; without it the numbers of pods approximate the weight.
	// +optional
	TrafficRouting *RolloutTrafficRouting `json:"trafficRouting,omitempty"`
	// MaxUnavailable is the number or percentage of pods that an update may make unavailable; absent is 25%.
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`
	// MaxSurge is the number or percentage of pods that an update may add; absent is 25%.
	// +optional
	MaxSurge *intstr.IntOrString `json:"maxSurge,omitempty"`
	// Analysis is an analysis that runs beside the steps.
	// +optional
	Analysis *RolloutAnalysisBackground `json:"analysis,omitempty"`
	// AntiAffinity keeps old and new pods on different nodes.
	// +optional
	AntiAffinity *AntiAffinity `json:"antiAffinity,omitempty"`
	// CanaryMetadata is put on pods while they are the canary.
	// +optional
	CanaryMetadata *PodTemplateMetadata `json:"canaryMetadata,omitempty"`
	// StableMetadata is put on pods while they are stable.
	// +optional
	StableMetadata *PodTemplateMetadata `json:"stableMetadata,omitempty"`
	// ScaleDownDelaySeconds is the time in seconds that old pods stay after a promotion with traffic routing;
	// absent is 30.
	// +optional
	ScaleDownDelaySeconds *int32 `json:"scaleDownDelaySeconds,omitempty"`
	// ScaleDownDelayRevisionLimit is the number of old revisions that stay up during the delay; absent is all.
	// +optional
	ScaleDownDelayRevisionLimit *int32 `json:"scaleDownDelayRevisionLimit,omitempty"`
	// AbortScaleDownDelaySeconds is the time in seconds that new pods stay after an abort with traffic routing;
	// absent is 30, 0 is for ever.
	// +optional
	AbortScaleDownDelaySeconds *int32 `json:"abortScaleDownDelaySeconds,omitempty"`
	// DynamicStableScale removes old pods as traffic moves to the new ones; it needs traffic routing.
	// +optional
	DynamicStableScale *bool `json:"dynamicStableScale,omitempty"`
	// PingPong swaps the roles of two Services with each promotion in place of CanaryService and StableService.
	// +optional
	PingPong *PingPongSpec `json:"pingPong,omitempty"`
	// MinPodsPerReplicaSet is the least number of pods of a revision that has any; it needs traffic routing.
	// +optional
	MinPodsPerReplicaSet *int32 `json:"minPodsPerReplicaSet,omitempty"`
	// ReplicaProgressThreshold is the number of available new pods at which a step counts as reached; absent is all.
	// +optional
	ReplicaProgressThreshold *ReplicaProgressThreshold `json:"replicaProgressThreshold,omitempty"`
}

// PingPongSpec names two Services that swap their roles with each promotion.
type PingPongSpec struct {
	// PingService is the name of the first Service.
	// +required
	PingService string `json:"pingService"`
	// PongService is the name of the second Service.
	// +required
	PongService string `json:"pongService"`
}

// ProgressType is the unit of a ReplicaProgressThreshold.
type ProgressType string

// The units of a ReplicaProgressThreshold.
const (
	ProgressTypePercent ProgressType = "Percent"
	ProgressTypePods    ProgressType = "Pods"
)

// ReplicaProgressThreshold is the number of available new pods at which a step counts as reached.
type ReplicaProgressThreshold struct {
	// Type is the unit of Value: Percent or Pods.
	// +required
	Type ProgressType `json:"type"`
	// Value is the number of pods, or their percentage.
	// +required
	Value *int32 `json:"value,omitempty"`
}

// RolloutAnalysisBackground is an analysis that runs beside the steps.
type RolloutAnalysisBackground struct {
	RolloutAnalysis `json:""`
	// StartingStep is the index of the step at which the analysis starts; absent is 0.
	// +optional
	StartingStep *int32 `json:"startingStep,omitempty"`
}

// RolloutAnalysis describes the AnalysisRun that a Rollout makes.
type RolloutAnalysis struct {
	// Templates are the templates whose metrics the AnalysisRun measures.
	// +optional
	// +listType=atomic
	Templates []AnalysisTemplateRef `json:"templates,omitzero"`
	// Args are the arguments of the AnalysisRun.
	// +optional
	// +listType=atomic
	Args []AnalysisRunArgument `json:"args,omitzero"`
	// DryRun names metrics that are measured without deciding the result.
	// +optional
	// +listType=atomic
	DryRun []DryRun `json:"dryRun,omitzero"`
	// MeasurementRetention says how many measurements of a metric are kept.
	// +optional
	// +listType=atomic
	MeasurementRetention []MeasurementRetention `json:"measurementRetention,omitzero"`
	// AnalysisRunMetadata is put on the AnalysisRun.
	// +optional
	AnalysisRunMetadata *AnalysisRunMetadata `json:"analysisRunMetadata,omitempty"`
}

// AnalysisRunArgument is an argument that a Rollout gives to an AnalysisRun.
type AnalysisRunArgument struct {
	// Name is the name of the argument.
	// +required
	Name string `json:"name"`
	// Value is the value of the argument.
	// +optional
	Value string `json:"value,omitempty"`
	// ValueFrom says where the value is read from.
	// +optional
	ValueFrom *ArgumentValueFrom `json:"valueFrom,omitempty"`
}

// ArgumentValueFrom says where a Rollout reads an argument's value from; one of the fields is set.
type ArgumentValueFrom struct {
	// PodTemplateHashValue is the hash of the stable or of the latest pod template.
	// +optional
	PodTemplateHashValue *ValueFromPodTemplateHash `json:"podTemplateHashValue,omitempty"`
	// FieldRef is a field of the Rollout.
	// +optional
	FieldRef *FieldRef `json:"fieldRef,omitempty"`
}

// ValueFromPodTemplateHash names one of a Rollout's pod templates.
type ValueFromPodTemplateHash string

// The pod templates whose hash an argument can carry.
const (
	PodTemplateHashStable ValueFromPodTemplateHash = "Stable"
	PodTemplateHashLatest ValueFromPodTemplateHash = "Latest"
)
