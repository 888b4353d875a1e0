// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func patchStories() map[string]story {
	return map[string]story{
		"every kind of patch changes an Application":            patchKinds,
		"a JSON patch whose test fails is refused":              failedTest,
		"a Rollout takes no strategic merge patch and says why": rolloutWithoutStrategicMerge,
		"null in a merge patch removes a field":                 nullRemoves,
	}
}

func patchKinds(t *testing.T, w *world) {
	for kind, patch := range map[types.PatchType]string{
		types.MergePatchType:          `{"spec":{"project":"team"}}`,
		types.StrategicMergePatchType: `{"spec":{"project":"team"}}`,
		types.JSONPatchType:           `[{"op":"test","path":"/spec/project","value":"default"},{"op":"replace","path":"/spec/project","value":"team"}]`,
	} {
		apps, _ := w.given(t)
		app, err := apps.Patch(t.Context(), "web", kind, []byte(patch), metav1.PatchOptions{})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if app.Spec.Project != "team" || app.Spec.Source == nil {
			t.Errorf("%s left %+v", kind, app.Spec)
		}
	}
}

func failedTest(t *testing.T, w *world) {
	apps, _ := w.given(t)
	_, err := apps.Patch(t.Context(), "web", types.JSONPatchType,
		[]byte(`[{"op":"test","path":"/spec/project","value":"team"}]`), metav1.PatchOptions{})
	refused(t, err, http.StatusUnprocessableEntity)
}

func rolloutWithoutStrategicMerge(t *testing.T, w *world) {
	rollouts := w.as(t, admin).ArgoprojV1alpha1().Rollouts(newNamespace())
	_, err := rollouts.Create(t.Context(), &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web"}},
		metav1.CreateOptions{})
	must(t, err)
	_, err = rollouts.Patch(t.Context(), "web", types.StrategicMergePatchType, []byte(`{"spec":{"replicas":2}}`),
		metav1.PatchOptions{})
	refused(t, err, http.StatusUnsupportedMediaType, "--type=merge")
	changed, err := rollouts.Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"replicas":2}}`),
		metav1.PatchOptions{})
	must(t, err)
	if changed.Spec.Replicas == nil || *changed.Spec.Replicas != 2 {
		t.Errorf("a merge patch left %v replicas", changed.Spec.Replicas)
	}
}

func nullRemoves(t *testing.T, w *world) {
	apps, _ := w.given(t)
	app, err := mergePatch(t, apps, `{"spec":{"source":null}}`)
	must(t, err)
	if app.Spec.Source != nil {
		t.Error("the source is still there")
	}
}
