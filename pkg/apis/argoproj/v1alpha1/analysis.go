// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// AnalysisTemplate describes metrics and how to judge them; an AnalysisRun measures them.
type AnalysisTemplate struct {
	metav1.TypeMeta `json:""`
	// Standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what to measure.
	// +required
	Spec AnalysisTemplateSpec `json:"spec"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// AnalysisTemplateList is a list of AnalysisTemplates.
type AnalysisTemplateList struct {
	metav1.TypeMeta `json:""`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// Items are the AnalysisTemplates.
	Items []AnalysisTemplate `json:"items"`
}

// +genclient
// +genclient:nonNamespaced
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ClusterAnalysisTemplate is an AnalysisTemplate for every namespace.
type ClusterAnalysisTemplate struct {
	metav1.TypeMeta `json:""`
	// Standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what to measure.
	// +required
	Spec AnalysisTemplateSpec `json:"spec"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ClusterAnalysisTemplateList is a list of ClusterAnalysisTemplates.
type ClusterAnalysisTemplateList struct {
	metav1.TypeMeta `json:""`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// Items are the ClusterAnalysisTemplates.
	Items []ClusterAnalysisTemplate `json:"items"`
}

// AnalysisTemplateSpec says what to measure.
type AnalysisTemplateSpec struct {
	// Metrics are the metrics to measure.
	// +optional
	// +listType=atomic
	Metrics []Metric `json:"metrics,omitzero"`
	// Args are the arguments, with the values that a run may override.
	// +optional
	// +listType=atomic
	Args []Argument `json:"args,omitzero"`
	// DryRun names metrics that are measured without deciding the result.
	// +optional
	// +listType=atomic
	DryRun []DryRun `json:"dryRun,omitzero"`
	// MeasurementRetention says how many measurements of a metric are kept.
	// +optional
	// +listType=atomic
	MeasurementRetention []MeasurementRetention `json:"measurementRetention,omitzero"`
	// Templates are further templates whose metrics are measured too.
	// +optional
	// +listType=atomic
	Templates []AnalysisTemplateRef `json:"templates,omitzero"`
}

// AnalysisTemplateRef names an AnalysisTemplate or a ClusterAnalysisTemplate.
type AnalysisTemplateRef struct {
	// TemplateName is the name of the template.
	// +optional
	TemplateName string `json:"templateName,omitempty"`
	// ClusterScope says that TemplateName is a ClusterAnalysisTemplate.
	// +optional
	ClusterScope *bool `json:"clusterScope,omitempty"`
}

// Argument is an argument of an analysis.
type Argument struct {
	// Name is the name by which metrics refer to the argument.
	// +required
	Name string `json:"name"`
	// Value is the value of the argument.
	// +optional
	Value *string `json:"value,omitempty"`
	// ValueFrom says where the value is read from.
	// +optional
	ValueFrom *ValueFrom `json:"valueFrom,omitempty"`
}

// ValueFrom says where an argument's value is read from.
type ValueFrom struct {
	// SecretKeyRef reads a key of a Secret.
	// +optional
	SecretKeyRef *SecretKeyRef `json:"secretKeyRef,omitempty"`
	// FieldRef reads a field of the Rollout.
	// +optional
	FieldRef *FieldRef `json:"fieldRef,omitempty"`
}

// SecretKeyRef names a key of a Secret in the namespace of the analysis.
type SecretKeyRef struct {
	// Name is the name of the Secret.
	// +required
	Name string `json:"name"`
	// Key is the key in the Secret's data.
	// +required
	Key string `json:"key"`
}

// FieldRef names a field of an object.
type FieldRef struct {
	// FieldPath is the path of the field, with dots and indexes.
	// +required
	FieldPath string `json:"fieldPath"`
}

// DryRun names metrics that do not decide the result of an analysis.
type DryRun struct {
	// MetricName is a regular expression over the names of metrics.
	// +required
	MetricName string `json:"metricName"`
}

// MeasurementRetention says how many measurements of a metric are kept.
type MeasurementRetention struct {
	// MetricName is a regular expression over the names of metrics.
	// +required
	MetricName string `json:"metricName"`
	// Limit is the number of measurements to keep.
	// +required
	Limit *int32 `json:"limit,omitempty"`
}

// DurationString is a duration as Go writes it, such as 30s, 5m or 1h.
type DurationString string

// Duration returns the duration; it fails if the text is not one.
func (d DurationString) Duration() (time.Duration, error) {
	return time.ParseDuration(string(d))
}
