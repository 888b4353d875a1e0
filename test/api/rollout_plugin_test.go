// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func pluginStories() map[string]story {
	return map[string]story{
		"the plugin of Argo Rollouts does what it does word for word": pluginTraffic,
		"the plugin hears that there is no such Rollout":              pluginNotFound,
		"the plugin sets an image with the object that it read":       pluginSetsImage,
	}
}

// pluginTraffic sends the bodies that the plugin sends, to the paths and with the types that it uses.
func pluginTraffic(t *testing.T, w *world) {
	paused := strings.Replace(canarySpec, "{replicas", "{paused: true, replicas", 1)
	for name, test := range map[string]struct {
		spec, status  string
		user, surface string
		kind          types.PatchType
		body          string
		changes       func(*v1alpha1.Rollout)
	}{
		"promote at a pause": {
			status: atPause, user: promoter, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"pauseConditions":null}}`,
			changes: func(r *v1alpha1.Rollout) { r.Status.PauseConditions = nil },
		},
		"promote at any other step": {
			status: atWeight, user: promoter, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"pauseConditions":null,"currentStepIndex":1}}`,
			changes: func(r *v1alpha1.Rollout) { r.Status.CurrentStepIndex = new(int32(1)) },
		},
		"promote behind all steps": {
			status: afterSteps, user: promoter, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"pauseConditions":null,"currentStepIndex":3}}`,
			changes: func(*v1alpha1.Rollout) {},
		},
		"promote an inconclusive analysis": {
			status: inconclusive, user: promoter, surface: "status", kind: types.MergePatchType,
			body: `{"status":{"pauseConditions":null,"controllerPause":false,"currentStepIndex":2}}`,
			changes: func(r *v1alpha1.Rollout) {
				r.Status.PauseConditions, r.Status.ControllerPause, r.Status.CurrentStepIndex = nil, false, new(int32(2))
			},
		},
		"promote what is paused by hand": {
			spec: paused, status: atWeight, user: writer, kind: types.MergePatchType, body: `{"spec":{"paused":false}}`,
			changes: func(r *v1alpha1.Rollout) { r.Spec.Paused, r.Generation = new(false), 2 },
		},
		"promote --full": {
			status: atPause, user: promoter, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"promoteFull":true}}`,
			changes: func(r *v1alpha1.Rollout) { r.Status.PromoteFull = true },
		},
		"promote --skip-current-step": {
			status: atPause, user: promoter, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"currentStepIndex":2}}`,
			changes: func(r *v1alpha1.Rollout) { r.Status.CurrentStepIndex = new(int32(2)) },
		},
		"promote --skip-all-steps": {
			status: atPause, user: promoter, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"currentStepIndex":3}}`,
			changes: func(r *v1alpha1.Rollout) { r.Status.CurrentStepIndex = new(int32(3)) },
		},
		"abort": {
			status: atPause, user: aborter, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"abort":true}}`,
			changes: func(r *v1alpha1.Rollout) { r.Status.Abort = true },
		},
		"retry rollout": {
			status: aborted, user: retrier, surface: "status", kind: types.MergePatchType,
			body:    `{"status":{"abort":false}}`,
			changes: func(r *v1alpha1.Rollout) { r.Status.Abort = false },
		},
		"pause": {
			status: atPause, user: writer, kind: types.MergePatchType, body: `{"spec":{"paused":true}}`,
			changes: func(r *v1alpha1.Rollout) { r.Spec.Paused, r.Generation = new(true), 2 },
		},
		"restart": {
			status: atPause, user: writer, kind: types.MergePatchType, body: `{"spec":{"restartAt":"2026-01-02T03:04:05Z"}}`,
			changes: func(r *v1alpha1.Rollout) {
				must(t, json.Unmarshal([]byte(`{"spec":{"restartAt":"2026-01-02T03:04:05Z"}}`), r))
				r.Generation = 2
			},
		},
		"undo": {
			status: atPause, user: writer, kind: types.JSONPatchType,
			body: `[{"op":"replace","path":"/spec/template","value":{"metadata":{"labels":{"app":"web"}},"spec":{}}}]`,
			changes: func(r *v1alpha1.Rollout) {
				r.Spec.Template.Raw, r.Generation = []byte(`{"metadata":{"labels":{"app":"web"}},"spec":{}}`), 2
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := canarySpec
			if test.spec != "" {
				spec = test.spec
			}
			namespace, want := w.rollout(t, spec, test.status)
			request := w.raw(t, test.user).Patch(test.kind).Namespace(namespace).Resource("rollouts").Name("web")
			if test.surface != "" {
				request = request.SubResource(test.surface)
			}
			must(t, request.Body([]byte(test.body)).Do(t.Context()).Error())
			test.changes(want)
			got := w.getRollout(t, namespace)
			if diff := cmp.Diff([]any{want.Spec, want.Status, want.Generation}, []any{got.Spec, got.Status, got.Generation}); diff != "" {
				t.Errorf("the Rollout (-want +got):\n%s", diff)
			}
		})
	}
}

// pluginNotFound asks on the status, and then as the plugin does for a server without that subresource.
func pluginNotFound(t *testing.T, w *world) {
	rollouts := w.rollouts(t, admin, newNamespace())
	for _, subresources := range [][]string{{"status"}, nil} {
		_, err := rollouts.Patch(t.Context(), "none", types.MergePatchType, []byte(`{"status":{"abort":true}}`),
			metav1.PatchOptions{}, subresources...)
		refused(t, err, http.StatusNotFound, `rollouts.argoproj.io "none" not found`)
	}
}

func pluginSetsImage(t *testing.T, w *world) {
	namespace, _ := w.rollout(t, canarySpec, atPause)
	put := func(body []byte) error {
		return w.raw(t, writer).Put().Namespace(namespace).Resource("rollouts").Name("web").
			SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Error()
	}
	read, err := w.raw(t, writer).Get().Namespace(namespace).Resource("rollouts").Name("web").DoRaw(t.Context())
	must(t, err)
	body := []byte(strings.Replace(string(read), `"web:10"`, `"web:11"`, 1))
	must(t, put(body))
	got := w.getRollout(t, namespace)
	if !strings.Contains(string(got.Spec.Template.Raw), `"web:11"`) || got.Generation != 2 || len(got.Status.PauseConditions) != 1 {
		t.Errorf("the template is %s at generation %d", got.Spec.Template.Raw, got.Generation)
	}
	// It tries again with a newer one where the object has moved on.
	if err := put(body); !apierrors.IsConflict(err) {
		t.Errorf("a PUT of an object that has moved on: %v", err)
	}
}
