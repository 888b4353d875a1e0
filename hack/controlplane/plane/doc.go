// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plane runs the control planes of several clusters on this machine: one etcd, and for each cluster a
// kube-apiserver, a kube-controller-manager and a pod stage.
//
// Everything that it writes stands in one folder: ready.json once all is ready, a kubeconfig for each cluster, and a
// folder for each cluster with its logs and keys. The folder can be used again: clusters keep what they held.
package plane
