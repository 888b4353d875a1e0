// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podstage plays the scheduler, the kubelet, the volume binder and the load balancer of a cluster without any.
//
// It watches Pods, PersistentVolumeClaims and Services, and writes their status as a healthy cluster would: pods are
// bound to one fake node, run, become Ready or complete, and go away when they are deleted. No container ever runs.
// Annotations on a pod choose another outcome; what is written follows from the pod and the clock alone, so that
// an annotation that changes on a running pod takes effect, and a restart of the stage changes nothing.
package podstage
