// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// runTable returns a table with one column, and another with -o wide.
func runTable() registry.Table[*v1alpha1.AnalysisRun] {
	return registry.NewTable(v1alpha1.Resource("analysisruns"),
		[]registry.Column[*v1alpha1.AnalysisRun]{
			{Name: "Status", Cell: func(r *v1alpha1.AnalysisRun) any { return string(r.Status.Phase) }},
		},
		[]registry.Column[*v1alpha1.AnalysisRun]{
			{Name: "Args", Type: "integer", Cell: func(r *v1alpha1.AnalysisRun) any { return len(r.Spec.Args) }},
		})
}

func TestTable(t *testing.T) {
	t.Parallel()
	run := v1alpha1.AnalysisRun{
		ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "5"},
		Status:     v1alpha1.AnalysisRunStatus{Phase: "Running"},
	}
	remaining := int64(3)
	cases := map[string]struct {
		object   runtime.Object
		options  runtime.Object
		headings []string
		rows     [][]any
		meta     metav1.ListMeta
	}{
		"prints an object with its headings": {
			object: &run, headings: []string{"Name", "Status", "Age", "Args"},
			rows: [][]any{{"a", "Running", "<unknown>", 0}}, meta: metav1.ListMeta{ResourceVersion: "5"},
		},
		"prints no headings where a watch has printed them already": {
			object: &run, options: &metav1.TableOptions{NoHeaders: true},
			rows: [][]any{{"a", "Running", "<unknown>", 0}}, meta: metav1.ListMeta{ResourceVersion: "5"},
		},
		"prints a page of a list and says how to go on": {
			object: &v1alpha1.AnalysisRunList{
				ListMeta: metav1.ListMeta{ResourceVersion: "9", Continue: "next", RemainingItemCount: &remaining},
				Items:    []v1alpha1.AnalysisRun{run, {ObjectMeta: metav1.ObjectMeta{Name: "b"}}},
			},
			options:  &metav1.TableOptions{},
			headings: []string{"Name", "Status", "Age", "Args"},
			rows:     [][]any{{"a", "Running", "<unknown>", 0}, {"b", "", "<unknown>", 0}},
			meta:     metav1.ListMeta{ResourceVersion: "9", Continue: "next", RemainingItemCount: &remaining},
		},
		"prints an empty list": {
			object: &v1alpha1.AnalysisRunList{}, headings: []string{"Name", "Status", "Age", "Args"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, err := runTable().ConvertToTable(t.Context(), tc.object, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			var headings []string
			for _, column := range table.ColumnDefinitions {
				headings = append(headings, column.Name)
			}
			var rows [][]any
			for _, row := range table.Rows {
				rows = append(rows, row.Cells)
			}
			if diff := cmp.Diff(tc.headings, headings); diff != "" {
				t.Errorf("headings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.rows, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.meta, table.ListMeta); diff != "" {
				t.Errorf("list metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTableHidesWideColumns(t *testing.T) {
	t.Parallel()
	table, err := runTable().ConvertToTable(t.Context(), &v1alpha1.AnalysisRun{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int32{"Name": 0, "Status": 0, "Age": 0, "Args": 1}
	got := map[string]int32{}
	for _, column := range table.ColumnDefinitions {
		got[column.Name] = column.Priority
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("priorities (-want +got):\n%s", diff)
	}
}

func TestTablePrintsOtherKindsByName(t *testing.T) {
	t.Parallel()
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
	table, err := runTable().ConvertToTable(t.Context(), scale, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != 1 || table.Rows[0].Cells[0] != "a" {
		t.Errorf("rows %v, want one that begins with the name", table.Rows)
	}
}
