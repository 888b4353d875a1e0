// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// experimentOf returns an Experiment.
func experimentOf(t *testing.T, manifest string) *v1alpha1.Experiment {
	t.Helper()
	experiment := registrytest.Decode(t, manifest, &v1alpha1.Experiment{})
	experiment.Name, experiment.Namespace = "experiment", registrytest.Namespace
	return experiment
}

func TestCreateRejectsOnlyWhatThePeersSchemaRejects(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		manifest string
		fields   []string
	}{
		"accepts an empty list of templates": {manifest: `{spec: {templates: []}}`},
		"accepts two templates of one name": {
			manifest: `{spec: {templates: [{name: a, selector: {}, template: {}}, {name: a, selector: {}, template: {}}]}}`,
		},
		"accepts an analysis of a template that is not there": {
			manifest: `{spec: {templates: [], analyses: [{name: a, templateName: b}]}}`,
		},
		"names the missing list of templates": {manifest: `{spec: {}}`, fields: []string{"spec.templates"}},
		"names what a template lacks": {
			manifest: `{spec: {templates: [{name: a, selector: {}, template: {}}, {replicas: 1}]}}`,
			fields:   []string{"spec.templates[1].selector", "spec.templates[1].template"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			created := experimentOf(t, tc.manifest)
			created.UID, created.CreationTimestamp = "uid", metav1.Now()
			problems := rest.ValidateCreate(registrytest.Context(t), created, newStrategy(install.NewScheme()))
			if diff := cmp.Diff(tc.fields, registrytest.Fields(problems)); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s", diff)
			}
		})
	}
}

// updater is a surface that updates.
type updater interface {
	Update(context.Context, string, rest.UpdatedObjectInfo, rest.ValidateObjectFunc, rest.ValidateObjectUpdateFunc,
		bool, *metav1.UpdateOptions) (runtime.Object, bool, error)
}

// update changes the experiment through a surface.
func update(t *testing.T, surface updater, change func(*v1alpha1.Experiment)) *v1alpha1.Experiment {
	t.Helper()
	info := rest.DefaultUpdatedObjectInfo(nil,
		func(_ context.Context, _, old runtime.Object) (runtime.Object, error) {
			updated := registry.As[*v1alpha1.Experiment](old.DeepCopyObject())
			change(updated)
			return updated, nil
		})
	updated, _, err := surface.Update(registrytest.Context(t), "experiment", info,
		rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return registry.As[*v1alpha1.Experiment](updated)
}

func TestRetryClearsTheStatusThroughTheMainResource(t *testing.T) {
	t.Parallel()
	scheme, getter := registrytest.NewStorage(t)
	main, status, err := NewREST(scheme, getter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(main.Destroy)
	if _, err := main.Create(registrytest.Context(t), experimentOf(t, `{spec: {templates: []}}`),
		rest.ValidateAllObjectFunc, &metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	failed := update(t, status, func(e *v1alpha1.Experiment) {
		e.Status.Phase = v1alpha1.AnalysisPhaseFailed
		e.Spec.Terminate = new(true)
	})
	if failed.Status.Phase != v1alpha1.AnalysisPhaseFailed || failed.Spec.Terminate != nil {
		t.Fatalf("the status surface wrote phase %q and terminate %v, want Failed alone",
			failed.Status.Phase, failed.Spec.Terminate)
	}
	retried := update(t, main, func(e *v1alpha1.Experiment) { e.Status = v1alpha1.ExperimentStatus{} })
	if retried.Status.Phase != "" || retried.Generation != 1 {
		t.Errorf("phase %q and generation %d after a retry, want none and 1", retried.Status.Phase, retried.Generation)
	}
	ended := update(t, main, func(e *v1alpha1.Experiment) { e.Spec.Terminate = new(true) })
	if ended.Generation != 2 {
		t.Errorf("generation %d after a change of the specification, want 2", ended.Generation)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	running := experimentOf(t, `{spec: {templates: []}, status: {phase: Running, message: why}}`)
	table, err := newTable().ConvertToTable(t.Context(), running, nil)
	if err != nil {
		t.Fatal(err)
	}
	cells := table.Rows[0].Cells
	if diff := cmp.Diff([]any{"experiment", "Running", "why"}, []any{cells[0], cells[1], cells[3]}); diff != "" {
		t.Errorf("name, status and message (-want +got):\n%s", diff)
	}
}
