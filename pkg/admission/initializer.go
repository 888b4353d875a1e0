// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"k8s.io/apiserver/pkg/admission"

	"github.com/capstan-dev/capstan/pkg/admission/gate"
	"github.com/capstan-dev/capstan/pkg/admission/project"
)

// Initializer hands plugins what a generic API server does not have.
type Initializer struct {
	// Projects reads AppProjects and Clusters.
	Projects project.Reader
	// Gate judges writes of gated Applications.
	Gate gate.Gate
}

var _ admission.PluginInitializer = Initializer{}

// Initialize gives a plugin what it asks for.
func (i Initializer) Initialize(plugin admission.Interface) {
	if wants, ok := plugin.(project.WantsReader); ok {
		wants.SetReader(i.Projects)
	}
	if wants, ok := plugin.(gate.WantsGate); ok {
		wants.SetGate(i.Gate)
	}
}
