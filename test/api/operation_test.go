// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
)

func operationStories() map[string]story {
	return map[string]story{
		"setting an operation needs the right to sync, however it is set":  operationNeedsSync,
		"an operation is of the user who set it, whatever the client says": operationIsStamped,
		"an operation that is there needs no right again":                  operationStays,
		"a second operation is refused while one is there":                 secondOperation,
		"a new operation clears the state of the last":                     newOperationClears,
	}
}

// forged claims to be somebody else's, and to be a rollback.
const forged = `{"sync":{"revision":"HEAD"},"initiatedBy":{"username":"boss","automated":true},"info":[
	{"name":"capstan.dev/requester-uid","value":"1"},{"name":"capstan.dev/requester-groups","value":"bosses"},
	{"name":"capstan.dev/rollback","value":"x"},{"name":"reason","value":"because"}]}`

// settings are all ways to set an operation through the main resource.
func settings(t *testing.T) map[string]func(apps argoclient.ApplicationInterface) (*v1alpha1.Application, error) {
	t.Helper()
	patch := func(kind types.PatchType, text string) func(argoclient.ApplicationInterface) (*v1alpha1.Application, error) {
		return func(apps argoclient.ApplicationInterface) (*v1alpha1.Application, error) {
			return apps.Patch(t.Context(), "web", kind, []byte(text), metav1.PatchOptions{})
		}
	}
	return map[string]func(argoclient.ApplicationInterface) (*v1alpha1.Application, error){
		"a merge patch":           patch(types.MergePatchType, `{"operation":`+forged+`}`),
		"a strategic merge patch": patch(types.StrategicMergePatchType, `{"operation":`+forged+`}`),
		"a JSON patch":            patch(types.JSONPatchType, `[{"op":"add","path":"/operation","value":`+forged+`}]`),
		"server-side apply": func(apps argoclient.ApplicationInterface) (*v1alpha1.Application, error) {
			return apply(t, apps, `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"name":"web"},
				"operation":`+forged+`}`)
		},
		"PUT": func(apps argoclient.ApplicationInterface) (*v1alpha1.Application, error) {
			app := get(t, apps)
			app.Operation = forgedOperation()
			return apps.Update(t.Context(), app, metav1.UpdateOptions{})
		},
		"create": func(apps argoclient.ApplicationInterface) (*v1alpha1.Application, error) {
			if err := apps.Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
				return nil, err
			}
			app := newApplication("web")
			app.Operation = forgedOperation()
			return apps.Create(t.Context(), app, metav1.CreateOptions{})
		},
	}
}

func forgedOperation() *v1alpha1.Operation {
	return &v1alpha1.Operation{
		Sync:        &v1alpha1.SyncOperation{Revision: "HEAD"},
		InitiatedBy: v1alpha1.OperationInitiator{Username: "boss", Automated: true},
		Info: []v1alpha1.Info{
			{Name: v1alpha1.InfoRequesterUID, Value: "1"}, {Name: v1alpha1.InfoRequesterGroups, Value: "bosses"},
			{Name: v1alpha1.InfoRollback, Value: "x"}, {Name: "reason", Value: "because"},
		},
	}
}

func operationNeedsSync(t *testing.T, w *world) {
	for how, set := range settings(t) {
		_, namespace := w.given(t)
		_, err := set(w.applications(t, editor, namespace))
		if err == nil {
			t.Errorf("%s needs no right", how)
			continue
		}
		refused(t, err, http.StatusForbidden, "create applications/sync", namespace)
		if app, err := w.applications(t, admin, namespace).Get(t.Context(), "web", metav1.GetOptions{}); err == nil &&
			app.Operation != nil {
			t.Errorf("%s was refused and left an operation", how)
		}
	}
}

func operationIsStamped(t *testing.T, w *world) {
	want := &v1alpha1.Operation{
		Sync:        &v1alpha1.SyncOperation{Revision: "HEAD"},
		InitiatedBy: v1alpha1.OperationInitiator{Username: syncer},
		Info: []v1alpha1.Info{
			{Name: "reason", Value: "because"}, {Name: v1alpha1.InfoRequesterGroups, Value: "system:authenticated"},
		},
	}
	for how, set := range settings(t) {
		_, namespace := w.given(t)
		app, err := set(w.applications(t, syncer, namespace))
		if err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if diff := cmp.Diff(want, app.Operation); diff != "" {
			t.Errorf("%s (-want +got):\n%s", how, diff)
		}
	}
}

func operationStays(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	running(t, apps)
	app, err := mergePatch(t, w.applications(t, editor, namespace), `{"spec":{"project":"team"}}`)
	must(t, err)
	if app.Operation == nil || app.Operation.InitiatedBy.Username != admin || app.Status.OperationState == nil {
		t.Errorf("a change of the spec left the operation %+v", app.Operation)
	}
}

func secondOperation(t *testing.T, w *world) {
	apps, _ := w.given(t)
	running(t, apps)
	_, err := mergePatch(t, apps, `{"operation":{"sync":{"revision":"other"}}}`)
	refused(t, err, http.StatusUnprocessableEntity, "operation", "in progress")
	for how, ask := range actions(t) {
		if how == "refresh" || how == "terminate" {
			continue
		}
		_, err := ask(apps, metav1.CreateOptions{})
		refused(t, err, http.StatusConflict, "in progress")
	}
}

func newOperationClears(t *testing.T, w *world) {
	apps, _ := w.given(t)
	running(t, apps)
	report(t, apps, finish)
	app, err := mergePatch(t, apps, `{"operation":{"sync":{"revision":"next"}}}`)
	must(t, err)
	if app.Status.OperationState != nil {
		t.Errorf("the state of the last operation is still there: %+v", app.Status.OperationState)
	}
}
