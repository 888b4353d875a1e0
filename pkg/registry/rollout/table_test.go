// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestTable(t *testing.T) {
	t.Parallel()
	columns := []string{
		"Name", "Desired", "Current", "Up-to-date", "Available", "Age", "Strategy", "Step", "Status", "Message",
	}
	cases := map[string]struct {
		manifest string
		cells    []any
	}{
		"a canary at its second step": {
			manifest: `{spec: {replicas: 5, strategy: {canary: {steps: [{setWeight: 1}, {pause: {}}]}}},
			  status: {currentStepIndex: 1, replicas: 6, updatedReplicas: 1, availableReplicas: 5, phase: Paused,
			    message: CanaryPauseStep}}`,
			cells: []any{int64(5), int64(6), int64(1), int64(5), "Canary", "1/2", "Paused", "CanaryPauseStep"},
		},
		"a blue-green Rollout that was not seen yet": {
			manifest: `{spec: {replicas: 0, strategy: {blueGreen: {activeService: a}}}}`,
			cells:    []any{int64(0), int64(0), int64(0), int64(0), "BlueGreen", nil, "", ""},
		},
		"a Rollout without a number of pods and a strategy": {
			manifest: `{spec: {}}`,
			cells:    []any{nil, int64(0), int64(0), int64(0), nil, nil, "", ""},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := &v1alpha1.RolloutList{Items: []v1alpha1.Rollout{*rolloutOf(t, tc.manifest)}}
			table, err := newTable().ConvertToTable(t.Context(), list, nil)
			if err != nil {
				t.Fatal(err)
			}
			var headings []string
			for _, column := range table.ColumnDefinitions {
				headings = append(headings, column.Name)
			}
			if diff := cmp.Diff(columns, headings); diff != "" {
				t.Errorf("headings (-want +got):\n%s", diff)
			}
			cells := table.Rows[0].Cells
			got := append(append([]any{}, cells[1:5]...), cells[6:]...)
			if diff := cmp.Diff(tc.cells, got); diff != "" {
				t.Errorf("cells without name and age (-want +got):\n%s", diff)
			}
		})
	}
}
