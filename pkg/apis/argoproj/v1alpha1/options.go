// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
)

// ApplicationManifestsOptions are the query parameters of GET applications/NAME/manifests.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationManifestsOptions struct {
	metav1.TypeMeta `json:""`
	// revision is rendered in place of the source's targetRevision.
	// +optional
	Revision string `json:"revision,omitempty"`
}

// ApplicationDiffOptions are the query parameters of GET applications/NAME/diff.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationDiffOptions struct {
	metav1.TypeMeta `json:""`
	// revision is compared in place of the source's targetRevision.
	// +optional
	Revision string `json:"revision,omitempty"`
}

func addOptionConversions(scheme *runtime.Scheme) error {
	manifests := fromQuery(func(query url.Values, options *ApplicationManifestsOptions) {
		options.Revision = query.Get("revision")
	})
	if err := scheme.AddConversionFunc((*url.Values)(nil), (*ApplicationManifestsOptions)(nil), manifests); err != nil {
		return err
	}
	diff := fromQuery(func(query url.Values, options *ApplicationDiffOptions) {
		options.Revision = query.Get("revision")
	})
	if err := scheme.AddConversionFunc((*url.Values)(nil), (*ApplicationDiffOptions)(nil), diff); err != nil {
		return err
	}
	return addResourceOptionConversions(scheme)
}

func fromQuery[Options any](read func(url.Values, *Options)) conversion.ConversionFunc {
	return func(from, to any, _ conversion.Scope) error {
		query, isQuery := from.(*url.Values)
		options, isOptions := to.(*Options)
		if !isQuery || !isOptions {
			return fmt.Errorf("cannot convert %T to %T", from, to)
		}
		read(*query, options)
		return nil
	}
}
