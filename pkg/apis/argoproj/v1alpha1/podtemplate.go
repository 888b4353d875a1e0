// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// errAbsent says that an opaque value was decoded although the user gave none.
var errAbsent = errors.New("no value was given")

// PodTemplateSpec is a pod template exactly as its author wrote it: nothing is defaulted, dropped or reordered, so
// fields of a newer Kubernetes survive, and a value that Kubernetes refuses is a condition, not a failed request.
// In OpenAPI it is a reference to the core type, so that its lists merge by their keys.
// +k8s:openapi-gen=false
// +k8s:openapi-model-package=io.k8s.api.core.v1
type PodTemplateSpec struct {
	JSON `json:""`
}

// NewPodTemplateSpec returns the opaque form of a typed pod template; it fails if the template has no JSON form.
func NewPodTemplateSpec(template *corev1.PodTemplateSpec) (PodTemplateSpec, error) {
	raw, err := json.Marshal(template)
	if err != nil {
		return PodTemplateSpec{}, fmt.Errorf("encode pod template: %w", err)
	}
	return PodTemplateSpec{JSON: JSON{Raw: raw}}, nil
}

// Decode returns the typed pod template; it fails if the template is absent or a field has the wrong type.
// Fields that this version of Kubernetes does not know are left out of the result.
func (t PodTemplateSpec) Decode() (*corev1.PodTemplateSpec, error) {
	template := &corev1.PodTemplateSpec{}
	if err := decodeOpaque(t.Raw, template); err != nil {
		return nil, fmt.Errorf("decode pod template: %w", err)
	}
	return template, nil
}

// SetTemplate replaces the value by a typed pod template; it fails if the template has no JSON form.
func (t *PodTemplateSpec) SetTemplate(template *corev1.PodTemplateSpec) error {
	opaque, err := NewPodTemplateSpec(template)
	if err != nil {
		return err
	}
	*t = opaque
	return nil
}

// JobSpec is the specification of a Job exactly as its author wrote it.
// In OpenAPI it is a reference to the batch/v1 type.
// +k8s:openapi-gen=false
// +k8s:openapi-model-package=io.k8s.api.batch.v1
type JobSpec struct {
	JSON `json:""`
}

// NewJobSpec returns the opaque form of a typed Job specification; it fails if the specification has no JSON form.
func NewJobSpec(spec *batchv1.JobSpec) (JobSpec, error) {
	raw, err := json.Marshal(spec)
	if err != nil {
		return JobSpec{}, fmt.Errorf("encode job spec: %w", err)
	}
	return JobSpec{JSON: JSON{Raw: raw}}, nil
}

// Decode returns the typed Job specification; it fails if the specification is absent or a field has the wrong type.
func (s JobSpec) Decode() (*batchv1.JobSpec, error) {
	spec := &batchv1.JobSpec{}
	if err := decodeOpaque(s.Raw, spec); err != nil {
		return nil, fmt.Errorf("decode job spec: %w", err)
	}
	return spec, nil
}

// decodeOpaque reads raw into a typed value as the API server reads its storage: names are case-sensitive and fields
// that the type does not have are left out.
func decodeOpaque(raw []byte, into any) error {
	if len(raw) == 0 {
		return errAbsent
	}
	return utiljson.Unmarshal(raw, into)
}
