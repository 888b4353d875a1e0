// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// runOf returns a stored AnalysisRun.
func runOf(t *testing.T, manifest string) *v1alpha1.AnalysisRun {
	t.Helper()
	run := registrytest.Decode(t, manifest, &v1alpha1.AnalysisRun{})
	run.Name, run.Namespace = "run", registrytest.Namespace
	run.UID, run.ResourceVersion, run.CreationTimestamp = "uid", "1", metav1.Now()
	return run
}

func TestCreateRejectsOnlyWhatThePeersSchemaRejects(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		manifest string
		fields   []string
	}{
		"accepts an empty list of metrics":  {manifest: `{spec: {metrics: []}}`},
		"accepts a metric of no known kind": {manifest: `{spec: {metrics: [{name: a, provider: {}}]}}`},
		"names the missing list of metrics": {manifest: `{spec: {}}`, fields: []string{"spec.metrics"}},
		"names the missing provider of a metric": {
			manifest: `{spec: {metrics: [{name: a}]}}`,
			fields:   []string{"spec.metrics[0].provider"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := rest.ValidateCreate(
				registrytest.Context(t), runOf(t, tc.manifest), newStrategy(install.NewScheme()))
			if diff := cmp.Diff(tc.fields, registrytest.Fields(problems)); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheStatusIsWrittenThroughBothSurfaces(t *testing.T) {
	t.Parallel()
	main := newStrategy(install.NewScheme())
	const old = `{metadata: {generation: 3}, spec: {metrics: []}, status: {phase: Running}}`
	const updated = `{metadata: {labels: {a: b}}, spec: {metrics: [], terminate: true}, status: {phase: Failed}}`
	cases := map[string]struct {
		surface    rest.RESTUpdateStrategy
		generation int64
		terminate  bool
		labels     int
	}{
		"the main resource changes all":   {surface: main, generation: 4, terminate: true, labels: 1},
		"status changes the status alone": {surface: statusStrategy{main}, generation: 3},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := runOf(t, updated)
			if err := rest.BeforeUpdate(tc.surface, registrytest.Context(t), run, runOf(t, old)); err != nil {
				t.Fatal(err)
			}
			if run.Status.Phase != v1alpha1.AnalysisPhaseFailed {
				t.Errorf("phase %q, want the written Failed", run.Status.Phase)
			}
			terminate := run.Spec.Terminate != nil && *run.Spec.Terminate
			if run.Generation != tc.generation || terminate != tc.terminate || len(run.Labels) != tc.labels {
				t.Errorf("generation %d, terminate %v, labels %v; want %d, %v and %d labels",
					run.Generation, terminate, run.Labels, tc.generation, tc.terminate, tc.labels)
			}
		})
	}
}

func TestAClientCreatesARunWithAStatus(t *testing.T) {
	t.Parallel()
	run := runOf(t, `{metadata: {generation: 9}, spec: {metrics: []}, status: {phase: Successful}}`)
	if err := rest.BeforeCreate(newStrategy(install.NewScheme()), registrytest.Context(t), run); err != nil {
		t.Fatal(err)
	}
	if run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful || run.Generation != 1 {
		t.Errorf("phase %q and generation %d, want Successful and 1", run.Status.Phase, run.Generation)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	run := runOf(t, `{spec: {metrics: []}, status: {phase: Failed, message: why}}`)
	table, err := newTable().ConvertToTable(t.Context(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	cells := table.Rows[0].Cells
	if diff := cmp.Diff([]any{"run", "Failed", "why"}, []any{cells[0], cells[1], cells[3]}); diff != "" {
		t.Errorf("name, status and message (-want +got):\n%s", diff)
	}
}
