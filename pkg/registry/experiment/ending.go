// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// awaited are the Experiments by which a Rollout goes on.
func awaited() registry.Awaited { return registry.Awaited{By: []string{"Rollout"}} }

// Ending guards the Experiments by which a Rollout goes on.
func Ending(gate registry.Gate) registry.Ending {
	return registry.Ending{Awaited: awaited(), Gate: gate, Ends: func(object runtime.Object) bool {
		return ptr.Deref(registry.As[*v1alpha1.Experiment](object).Spec.Terminate, false)
	}}
}
