// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
)

func writeStories() map[string]story {
	return map[string]story{
		"applying the same twice writes once":           applyTwice,
		"replacing an object by itself writes nothing":  replaceByItself,
		"the generation moves with the spec alone":      generationMoves,
		"a write on top of an old version is refused":   conflictingWrite,
		"a name that is no DNS name is refused":         wrongName,
		"a misspelt field is refused where one asks to": misspeltField,
	}
}

func apply(
	t testing.TB, apps argoclient.ApplicationInterface, manifest string, subresources ...string,
) (*v1alpha1.Application, error) {
	t.Helper()
	force := true
	return apps.Patch(t.Context(), "web", types.ApplyPatchType, []byte(manifest),
		metav1.PatchOptions{FieldManager: "stories", Force: &force}, subresources...)
}

const manifest = `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"name":"web"},"spec":{
	"project":"default","source":{"repoURL":"https://git.example/web","path":"web","helm":{"valuesObject":{"b":1.0,"a":[]}}},
	"destination":{"server":"https://one.example","namespace":"web"},
	"syncPolicy":{"automated":{},"syncOptions":["CreateNamespace=true"]}}}`

func applyTwice(t *testing.T, w *world) {
	apps := w.applications(t, admin, newNamespace())
	first, err := apply(t, apps, manifest)
	must(t, err)
	second, err := apply(t, apps, manifest)
	must(t, err)
	if first.ResourceVersion != second.ResourceVersion {
		t.Errorf("the resourceVersion moved from %s to %s", first.ResourceVersion, second.ResourceVersion)
	}
	if second.Spec.SyncPolicy == nil || second.Spec.SyncPolicy.Automated == nil {
		t.Error("an empty automated is gone, which turns automated sync off")
	}
}

func replaceByItself(t *testing.T, w *world) {
	apps, _ := w.given(t)
	before := get(t, apps)
	after, err := apps.Update(t.Context(), before, metav1.UpdateOptions{})
	must(t, err)
	if before.ResourceVersion != after.ResourceVersion {
		t.Error("the resourceVersion moved")
	}
}

func generationMoves(t *testing.T, w *world) {
	apps, _ := w.given(t)
	steps := []struct {
		says  string
		write func() (*v1alpha1.Application, error)
		want  int64
	}{
		{"a new object", func() (*v1alpha1.Application, error) { return get(t, apps), nil }, 1},
		{"a label", func() (*v1alpha1.Application, error) {
			return mergePatch(t, apps, `{"metadata":{"labels":{"a":"b"}}}`)
		}, 1},
		{"an operation", func() (*v1alpha1.Application, error) { return mergePatch(t, apps, `{"operation":{"sync":{}}}`) }, 1},
		{"a status", func() (*v1alpha1.Application, error) {
			return report(t, apps, func(app *v1alpha1.Application) { app.Status.Health.Status = "Healthy" }), nil
		}, 1},
		{"a spec", func() (*v1alpha1.Application, error) { return mergePatch(t, apps, `{"spec":{"project":"team"}}`) }, 2},
		{"the same spec", func() (*v1alpha1.Application, error) {
			return mergePatch(t, apps, `{"spec":{"project":"team"}}`)
		}, 2},
		{"a generation", func() (*v1alpha1.Application, error) {
			return mergePatch(t, apps, `{"metadata":{"generation":7}}`)
		}, 2},
	}
	for _, step := range steps {
		app, err := step.write()
		if err != nil {
			t.Fatalf("%s: %v", step.says, err)
		}
		if app.Generation != step.want {
			t.Errorf("after %s the generation is %d, not %d", step.says, app.Generation, step.want)
		}
	}
}

func conflictingWrite(t *testing.T, w *world) {
	apps, _ := w.given(t)
	old := get(t, apps)
	_, err := mergePatch(t, apps, `{"spec":{"project":"team"}}`)
	must(t, err)
	_, err = apps.Update(t.Context(), old, metav1.UpdateOptions{})
	refused(t, err, http.StatusConflict, "modified")
}

func wrongName(t *testing.T, w *world) {
	apps := w.applications(t, admin, newNamespace())
	_, err := apps.Create(t.Context(), newApplication("Web_1"), metav1.CreateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "metadata.name")
}

func misspeltField(t *testing.T, w *world) {
	apps, _ := w.given(t)
	_, err := apps.Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"souce":{}}}`),
		metav1.PatchOptions{FieldValidation: metav1.FieldValidationStrict})
	refused(t, err, http.StatusUnprocessableEntity, "spec.souce")
}
