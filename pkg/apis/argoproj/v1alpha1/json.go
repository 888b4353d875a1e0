// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"bytes"

	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// JSON is any JSON value, kept as it was written: number literals and the order of keys included.
type JSON struct {
	// Raw is the value's text; empty stands for null.
	Raw []byte `json:"-"`
}

// MarshalJSON returns the text of the value.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j.Raw) == 0 {
		return []byte("null"), nil
	}
	return j.Raw, nil
}

// UnmarshalJSON keeps a copy of the text of a value; null becomes the zero value.
func (j *JSON) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		j.Raw = nil
		return nil
	}
	j.Raw = bytes.Clone(text)
	return nil
}

// OpenAPIDefinition returns the schema of any value whose fields are all kept.
func (JSON) OpenAPIDefinition() common.OpenAPIDefinition {
	return common.OpenAPIDefinition{Schema: spec.Schema{
		SchemaProps: spec.SchemaProps{Description: "JSON is any JSON value, kept as it was written."},
		VendorExtensible: spec.VendorExtensible{
			Extensions: spec.Extensions{"x-kubernetes-preserve-unknown-fields": true},
		},
	}}
}
