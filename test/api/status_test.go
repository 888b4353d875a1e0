// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
)

func statusStories() map[string]story {
	return map[string]story{
		"no write of the main resource forges a status":         noForgedStatus,
		"a status write changes nothing but the status":         statusAlone,
		"a finished status takes away the operation it is of":   finishedTakesAway,
		"an automated sync that ends takes no request away":     automatedTakesNothing,
		"a status write cannot set an operation":                statusSetsNoOperation,
		"a terminating phase survives a late report of running": terminatingSurvives,
	}
}

func noForgedStatus(t *testing.T, w *world) {
	forged := newApplication("web")
	forged.Status.Health.Status = v1alpha1.HealthStatusHealthy
	apps := w.applications(t, admin, newNamespace())
	create(t, apps, forged)
	for how, write := range map[string]func() error{
		"create": func() error { return nil },
		"PUT": func() error {
			app := get(t, apps)
			app.Status.Health.Status = v1alpha1.HealthStatusHealthy
			_, err := apps.Update(t.Context(), app, metav1.UpdateOptions{})
			return err
		},
		"a merge patch": func() error {
			_, err := mergePatch(t, apps, `{"status":{"health":{"status":"Healthy"}}}`)
			return err
		},
		"a JSON patch": func() error {
			_, err := apps.Patch(t.Context(), "web", types.JSONPatchType,
				[]byte(`[{"op":"add","path":"/status","value":{"health":{"status":"Healthy"}}}]`), metav1.PatchOptions{})
			return err
		},
		"server-side apply": func() error {
			_, err := apply(t, apps, `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application",
				"metadata":{"name":"web"},"status":{"health":{"status":"Healthy"}}}`)
			return err
		},
	} {
		if err := write(); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		if got := get(t, apps).Status.Health.Status; got != "" {
			t.Errorf("%s forged the health %s", how, got)
		}
	}
}

func statusAlone(t *testing.T, w *world) {
	apps, _ := w.given(t)
	before := get(t, apps)
	after := report(t, apps, func(app *v1alpha1.Application) {
		app.Spec.Project = "team"
		app.Labels = map[string]string{"a": "b"}
		app.Finalizers = []string{"example.com/finalizer"}
		app.Status.Health.Status = v1alpha1.HealthStatusHealthy
	})
	if diff := cmp.Diff(before.Spec, after.Spec); diff != "" {
		t.Errorf("the spec changed:\n%s", diff)
	}
	if len(after.Labels)+len(after.Finalizers) != 0 || after.Status.Health.Status != v1alpha1.HealthStatusHealthy {
		t.Errorf("it left labels %v, finalizers %v, health %s", after.Labels, after.Finalizers, after.Status.Health.Status)
	}
}

// running sets an operation and reports that it runs.
func running(t testing.TB, apps argoclient.ApplicationInterface) *v1alpha1.Application {
	t.Helper()
	if _, err := mergePatch(t, apps, `{"operation":{"sync":{"revision":"HEAD"}}}`); err != nil {
		t.Fatal(err)
	}
	return report(t, apps, func(app *v1alpha1.Application) {
		app.Status.OperationState = &v1alpha1.OperationState{
			Operation: *app.Operation, Phase: v1alpha1.OperationRunning, StartedAt: metav1.Now().Rfc3339Copy(),
		}
	})
}

func finish(app *v1alpha1.Application) {
	now := metav1.Now().Rfc3339Copy()
	app.Status.OperationState.Phase, app.Status.OperationState.FinishedAt = v1alpha1.OperationSucceeded, &now
}

func finishedTakesAway(t *testing.T, w *world) {
	apps, _ := w.given(t)
	if app := running(t, apps); app.Operation == nil {
		t.Fatal("the operation is gone while it runs")
	}
	if app := report(t, apps, finish); app.Operation != nil || app.Status.OperationState.Phase != "Succeeded" {
		t.Errorf("it left the operation %v in phase %s", app.Operation, app.Status.OperationState.Phase)
	}
}

func automatedTakesNothing(t *testing.T, w *world) {
	apps, _ := w.given(t)
	if _, err := mergePatch(t, apps, `{"operation":{"sync":{"revision":"HEAD"}}}`); err != nil {
		t.Fatal(err)
	}
	app := report(t, apps, func(app *v1alpha1.Application) {
		app.Status.OperationState = &v1alpha1.OperationState{
			Operation: v1alpha1.Operation{
				Sync: &v1alpha1.SyncOperation{Revision: "HEAD"}, InitiatedBy: v1alpha1.OperationInitiator{Automated: true},
			},
			StartedAt: metav1.Now().Rfc3339Copy(),
		}
		finish(app)
	})
	if app.Operation == nil {
		t.Error("the request is gone")
	}
}

func statusSetsNoOperation(t *testing.T, w *world) {
	apps, _ := w.given(t)
	app := report(t, apps, func(app *v1alpha1.Application) {
		app.Operation = &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}}
	})
	if app.Operation != nil {
		t.Error("it did")
	}
}

func terminatingSurvives(t *testing.T, w *world) {
	apps, _ := w.given(t)
	seen := running(t, apps)
	_, err := apps.Terminate(t.Context(), "web", &v1alpha1.ApplicationTerminate{}, metav1.CreateOptions{})
	must(t, err)
	app := report(t, apps, func(app *v1alpha1.Application) { app.Status.OperationState = seen.Status.OperationState })
	if phase := app.Status.OperationState.Phase; phase != v1alpha1.OperationTerminating {
		t.Errorf("the phase is %s", phase)
	}
	if app := report(t, apps, finish); app.Operation != nil {
		t.Error("a terminated operation cannot end")
	}
}
