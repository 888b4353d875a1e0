// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds Capstan's own kinds, capstan.dev/v1alpha1.
//
// +k8s:deepcopy-gen=package
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=dev.capstan.v1alpha1
// +groupName=capstan.dev
package v1alpha1
