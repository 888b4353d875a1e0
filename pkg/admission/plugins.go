// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"k8s.io/apiserver/pkg/admission"

	"github.com/capstan-dev/capstan/pkg/admission/action"
	"github.com/capstan-dev/capstan/pkg/admission/gate"
	"github.com/capstan-dev/capstan/pkg/admission/operation"
	"github.com/capstan-dev/capstan/pkg/admission/project"
)

// Order returns the names of the plugins in the order in which they run, after the
// namespace lifecycle and before policies and webhooks of the host cluster, which may so
// see only what is permitted here.
func Order() []string {
	return []string{
		// Who may start or stop an operation comes first: it says least about the object.
		operation.Name,
		// So does who may run an action.
		action.Name,
		// What a project permits is judged on the object as it would be stored.
		project.Name,
		// The gate comes last: it asks most, and answers what is permitted otherwise.
		gate.Name,
	}
}

// Register makes the plugins known.
func Register(plugins *admission.Plugins) {
	operation.Register(plugins)
	action.Register(plugins)
	project.Register(plugins)
	gate.Register(plugins)
}
