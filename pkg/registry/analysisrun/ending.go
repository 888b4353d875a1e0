// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// awaited are the AnalysisRuns by which a Rollout or an Experiment goes on.
func awaited() registry.Awaited { return registry.Awaited{By: []string{"Rollout", "Experiment"}} }

// Ending guards the AnalysisRuns by which a Rollout or an Experiment goes on.
func Ending(gate registry.Gate) registry.Ending {
	return registry.Ending{Awaited: awaited(), Gate: gate, Ends: func(object runtime.Object) bool {
		return ptr.Deref(registry.As[*v1alpha1.AnalysisRun](object).Spec.Terminate, false)
	}}
}
