// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
)

func terminationStories() map[string]story {
	return map[string]story{
		"taking an operation away needs the right to terminate":               removalNeedsTerminate,
		"a request beside a finished automated sync is not free to take away": requestNeedsTerminate,
		"the phase Terminating needs the right to terminate":                  phaseNeedsTerminate,
		"terminating by PUT changes nothing else of the status":               phaseChangesNothingElse,
		"no operation, no termination":                                        nothingToTerminate,
	}
}

func put(
	t *testing.T, apps argoclient.ApplicationInterface, change func(*v1alpha1.Application),
) (*v1alpha1.Application, error) {
	t.Helper()
	app := get(t, apps)
	change(app)
	return apps.Update(t.Context(), app, metav1.UpdateOptions{})
}

func removalNeedsTerminate(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	running(t, apps)
	remove := func(app *v1alpha1.Application) { app.Operation = nil }
	for _, user := range []string{editor, syncer} {
		_, err := put(t, w.applications(t, user, namespace), remove)
		refused(t, err, http.StatusForbidden, "create applications/terminate")
	}
	if get(t, apps).Operation == nil {
		t.Fatal("the operation is gone")
	}
	_, err := put(t, w.applications(t, ender, namespace), remove)
	must(t, err)
}

func requestNeedsTerminate(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	_, err := mergePatch(t, apps, `{"operation":{"sync":{"revision":"HEAD"}}}`)
	must(t, err)
	report(t, apps, func(app *v1alpha1.Application) {
		app.Status.OperationState = &v1alpha1.OperationState{
			Operation: v1alpha1.Operation{InitiatedBy: v1alpha1.OperationInitiator{Automated: true}},
			StartedAt: metav1.Now().Rfc3339Copy(),
		}
		finish(app)
	})
	_, err = mergePatch(t, w.applications(t, editor, namespace), `{"operation":null}`)
	refused(t, err, http.StatusForbidden, "create applications/terminate")
}

func terminating(app *v1alpha1.Application) {
	app.Status.OperationState.Phase = v1alpha1.OperationTerminating
}

func phaseNeedsTerminate(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	running(t, apps)
	_, err := put(t, w.applications(t, editor, namespace), terminating)
	refused(t, err, http.StatusForbidden, "create applications/terminate")
	_, err = mergePatch(t, w.applications(t, editor, namespace), `{"status":{"operationState":{"phase":"Terminating"}}}`)
	refused(t, err, http.StatusForbidden, "create applications/terminate")
	app, err := put(t, w.applications(t, ender, namespace), terminating)
	must(t, err)
	if app.Status.OperationState.Phase != v1alpha1.OperationTerminating || app.Operation == nil {
		t.Errorf("the phase is %s", app.Status.OperationState.Phase)
	}
}

func phaseChangesNothingElse(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	running(t, apps)
	app, err := put(t, w.applications(t, ender, namespace), func(app *v1alpha1.Application) {
		terminating(app)
		app.Status.OperationState.Message = "forged"
		app.Status.OperationState.Operation.Sync.Revision = "forged"
		app.Status.Health.Status = v1alpha1.HealthStatusHealthy
	})
	must(t, err)
	state := app.Status.OperationState
	if state.Message != "" || state.Operation.Sync.Revision != "HEAD" || app.Status.Health.Status != "" {
		t.Errorf("it left %+v and the health %s", state, app.Status.Health.Status)
	}
}

func nothingToTerminate(t *testing.T, w *world) {
	apps, _ := w.given(t)
	_, err := apps.Terminate(t.Context(), "web", &v1alpha1.ApplicationTerminate{}, metav1.CreateOptions{})
	refused(t, err, http.StatusConflict, "no operation")
	app, err := mergePatch(t, apps, `{"status":{"operationState":{"phase":"Terminating","operation":{},"startedAt":null}}}`)
	must(t, err)
	if app.Status.OperationState != nil {
		t.Errorf("a patch made the state %+v", app.Status.OperationState)
	}
}
