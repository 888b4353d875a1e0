// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package install builds the schemes and codecs of Capstan's API.
package install

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// NewScheme returns the server's scheme: the versioned kinds, and the same Go types again as the
// internal version, so that no conversion copies an object.
func NewScheme() *runtime.Scheme {
	scheme := NewVersionedScheme()
	addHub(scheme, argov1alpha1.GroupName, argov1alpha1.Kinds()...)
	addHub(scheme, capstanv1alpha1.GroupName, capstanv1alpha1.Kinds()...)
	addHub(scheme, autoscalingv1.GroupName, &autoscalingv1.Scale{})
	utilruntime.Must(addFieldLabels(scheme))
	return scheme
}

// NewVersionedScheme returns a scheme of the versioned kinds alone, by which OpenAPI names models.
func NewVersionedScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(argov1alpha1.AddToScheme(scheme))
	utilruntime.Must(capstanv1alpha1.AddToScheme(scheme))
	scheme.AddKnownTypes(autoscalingv1.SchemeGroupVersion, &autoscalingv1.Scale{})
	utilruntime.Must(scheme.SetVersionPriority(argov1alpha1.SchemeGroupVersion))
	utilruntime.Must(scheme.SetVersionPriority(capstanv1alpha1.SchemeGroupVersion))

	core := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, core)
	scheme.AddUnversionedTypes(core,
		&metav1.Status{}, &metav1.APIVersions{}, &metav1.APIGroupList{}, &metav1.APIGroup{}, &metav1.APIResourceList{})
	return scheme
}

// NewCodecs returns the codecs of a scheme; a decoder takes unknown fields only where it is not strict.
func NewCodecs(scheme *runtime.Scheme) serializer.CodecFactory {
	return serializer.NewCodecFactory(scheme)
}

// NewParameterCodec returns the codec of query parameters into the option kinds of a scheme.
func NewParameterCodec(scheme *runtime.Scheme) runtime.ParameterCodec {
	return runtime.NewParameterCodec(scheme)
}

func addHub(scheme *runtime.Scheme, group string, kinds ...runtime.Object) {
	scheme.AddKnownTypes(schema.GroupVersion{Group: group, Version: runtime.APIVersionInternal}, kinds...)
}
