// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// CanaryStep is one step of a canary; one of the fields is set.
type CanaryStep struct {
	// SetWeight is the percentage of traffic, or of pods, for the new revision.
	// +optional
	SetWeight *int32 `json:"setWeight,omitempty"`
	// Pause waits for a time, or for a person.
	// +optional
	Pause *RolloutPause `json:"pause,omitempty"`
	// Experiment runs an Experiment to its end.
	// +optional
	Experiment *RolloutExperimentStep `json:"experiment,omitempty"`
	// Analysis runs an AnalysisRun to its end.
	// +optional
	Analysis *RolloutAnalysis `json:"analysis,omitempty"`
	// SetCanaryScale sets the number of new pods apart from the weight; it needs traffic routing.
	// +optional
	SetCanaryScale *SetCanaryScale `json:"setCanaryScale,omitempty"`
	// SetHeaderRoute sends requests with certain headers to the new revision.
	// +optional
	SetHeaderRoute *SetHeaderRoute `json:"setHeaderRoute,omitempty"`
	// SetMirrorRoute copies certain requests to the new revision.
	// +optional
	SetMirrorRoute *SetMirrorRoute `json:"setMirrorRoute,omitempty"`
	// Plugin runs a step plugin to its end.
	// +optional
	Plugin *PluginStep `json:"plugin,omitempty"`
}

// RolloutPause waits for a time, or for a person.
type RolloutPause struct {
	// Duration is the time to wait, in seconds or as a duration string; absent waits for a person.
	// +optional
	Duration *intstr.IntOrString `json:"duration,omitempty"`
}

// SetCanaryScale sets the number of new pods; one of the fields is set.
type SetCanaryScale struct {
	// Weight is the percentage of the desired pods.
	// +optional
	Weight *int32 `json:"weight,omitempty"`
	// Replicas is the number of pods.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// MatchTrafficWeight lets the number of pods follow the weight again.
	// +optional
	MatchTrafficWeight *bool `json:"matchTrafficWeight,omitempty"`
}

// SetHeaderRoute sends requests with certain headers to the new revision; without a match the route is removed.
type SetHeaderRoute struct {
	// Name is the name of the route, one of trafficRouting.managedRoutes.
	// +optional
	Name string `json:"name,omitempty"`
	// Match are the headers that a request must have.
	// +optional
	// +listType=atomic
	Match []HeaderRoutingMatch `json:"match,omitzero"`
}

// HeaderRoutingMatch is a header that a request must have.
type HeaderRoutingMatch struct {
	// HeaderName is the name of the header.
	// +required
	HeaderName string `json:"headerName"`
	// HeaderValue is what the value must match.
	// +required
	HeaderValue *StringMatch `json:"headerValue,omitempty"`
}

// StringMatch is what a text must match; one of the fields is set.
type StringMatch struct {
	// Exact is the whole text.
	// +optional
	Exact string `json:"exact,omitempty"`
	// Prefix is the beginning of the text.
	// +optional
	Prefix string `json:"prefix,omitempty"`
	// Regex is a regular expression.
	// +optional
	Regex string `json:"regex,omitempty"`
}

// SetMirrorRoute copies certain requests to the new revision; without a match the route is removed.
type SetMirrorRoute struct {
	// Name is the name of the route, one of trafficRouting.managedRoutes.
	// +required
	Name string `json:"name"`
	// Match are rules of which a request must fulfil one.
	// +optional
	// +listType=atomic
	Match []RouteMatch `json:"match,omitzero"`
	// Percentage is the share of matching requests to copy; absent is all.
	// +optional
	Percentage *int32 `json:"percentage,omitempty"`
}

// RouteMatch is a rule over requests.
type RouteMatch struct {
	// Method is what the HTTP method must match.
	// +optional
	Method *StringMatch `json:"method,omitempty"`
	// Path is what the path must match.
	// +optional
	Path *StringMatch `json:"path,omitempty"`
	// Headers is what the headers must match, by their names.
	// +optional
	Headers map[string]StringMatch `json:"headers,omitzero"`
}

// PluginStep runs a step plugin.
type PluginStep struct {
	// Name is the name of the plugin.
	// +required
	Name string `json:"name"`
	// Config is the configuration of the plugin.
	// +optional
	Config JSON `json:"config,omitzero"`
}

// RolloutExperimentStep describes the Experiment of a step.
type RolloutExperimentStep struct {
	// Templates are the revisions to run.
	// +required
	// +listType=atomic
	Templates []RolloutExperimentTemplate `json:"templates,omitzero"`
	// Duration is how long the Experiment runs, as a duration string; absent is until its analyses end.
	// +optional
	Duration DurationString `json:"duration,omitempty"`
	// Analyses are the analyses of the Experiment.
	// +optional
	// +listType=atomic
	Analyses []RolloutExperimentStepAnalysisTemplateRef `json:"analyses,omitzero"`
	// DryRun names metrics that are measured without deciding the result.
	// +optional
	// +listType=atomic
	DryRun []DryRun `json:"dryRun,omitzero"`
	// AnalysisRunMetadata is put on the AnalysisRuns.
	// +optional
	AnalysisRunMetadata *AnalysisRunMetadata `json:"analysisRunMetadata,omitempty"`
	// ScaleDownDelaySeconds is the time in seconds that ReplicaSets stay up after the end; absent is 30.
	// +optional
	ScaleDownDelaySeconds *int32 `json:"scaleDownDelaySeconds,omitempty"`
}

// ReplicaSetSpecRef names the revision that an Experiment's template takes its pods from.
type ReplicaSetSpecRef string

// The revisions that an Experiment's template can take its pods from.
const (
	CanarySpecRef ReplicaSetSpecRef = "canary"
	StableSpecRef ReplicaSetSpecRef = "stable"
)

// RolloutExperimentTemplate is a revision that the Experiment of a step runs.
type RolloutExperimentTemplate struct {
	// Name identifies the template within the Experiment.
	// +required
	Name string `json:"name"`
	// SpecRef is the revision: canary or stable.
	// +required
	SpecRef ReplicaSetSpecRef `json:"specRef"`
	// Replicas is the number of pods; absent is 1.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// Metadata is put on the pods.
	// +optional
	Metadata *PodTemplateMetadata `json:"metadata,omitempty"`
	// Selector replaces the Rollout's selector.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// Weight is the percentage of traffic for the pods; it needs traffic routing.
	// +optional
	Weight *int32 `json:"weight,omitempty"`
	// Service asks for a Service in front of the pods.
	// +optional
	Service *TemplateService `json:"service,omitempty"`
}

// RolloutExperimentStepAnalysisTemplateRef is an analysis of the Experiment of a step.
type RolloutExperimentStepAnalysisTemplateRef struct {
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
	Args []AnalysisRunArgument `json:"args,omitzero"`
	// RequiredForCompletion keeps the Experiment running until the analysis is complete.
	// +optional
	RequiredForCompletion *bool `json:"requiredForCompletion,omitempty"`
}
