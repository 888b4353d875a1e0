// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// column is a column of AnalysisRuns.
type column = registry.Column[*v1alpha1.AnalysisRun]

// newTable returns how kubectl get prints AnalysisRuns: the peer's column, and with -o wide why.
func newTable() registry.Table[*v1alpha1.AnalysisRun] {
	return registry.NewTable(v1alpha1.Resource("analysisruns"), []column{
		{Name: "Status", Description: "State of the run",
			Cell: func(r *v1alpha1.AnalysisRun) any { return string(r.Status.Phase) }},
	}, []column{
		{Name: "Message", Description: "Explanation of the status",
			Cell: func(r *v1alpha1.AnalysisRun) any { return r.Status.Message }},
	})
}
