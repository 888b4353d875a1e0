// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package peer holds on to the version of Argo Rollouts whose CustomResourceDefinitions and manifests the conformance
// tests judge by. Nothing of it is built: a module of its own keeps what it requires out of ours.
package peer

import _ "github.com/argoproj/argo-rollouts/pkg/apis/rollouts" // any package of the module
