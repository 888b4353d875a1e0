// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the kinds of argoproj.io/v1alpha1: Argo CD's and Argo Rollouts' own, so that
// existing manifests apply unchanged, and the bodies and results of their subresources.
//
// A type keeps what a user wrote: an absent field stays absent, and an explicit false, [] or {} stays
// explicit wherever the Go type can tell them apart. Nothing is defaulted.
//
// +k8s:deepcopy-gen=package
// +k8s:openapi-gen=true
// +k8s:openapi-model-package=io.argoproj.v1alpha1
// +groupName=argoproj.io
package v1alpha1
