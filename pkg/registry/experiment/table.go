// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// column is a column of Experiments.
type column = registry.Column[*v1alpha1.Experiment]

// newTable returns how kubectl get prints Experiments: the peer's column, and with -o wide why.
func newTable() registry.Table[*v1alpha1.Experiment] {
	return registry.NewTable(v1alpha1.Resource("experiments"), []column{
		{Name: "Status", Description: "State of the Experiment",
			Cell: func(e *v1alpha1.Experiment) any { return string(e.Status.Phase) }},
	}, []column{
		{Name: "Message", Description: "Explanation of the status",
			Cell: func(e *v1alpha1.Experiment) any { return e.Status.Message }},
	})
}
