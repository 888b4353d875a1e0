// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func rolloutStatusStories() map[string]story {
	return map[string]story{
		"of the status of a Rollout a client writes what its actions write, and names what else it tried": statusIsTheControllers,
		"what a client writes to the status of a Rollout needs the right to that action":                  statusNeedsRights,
		"a wait of a Rollout ends and none begins, steps go forward and never back":                       statusGoesOneWay,
		"a PUT of a status that has not changed needs no right":                                           unchangedStatus,
		"the main resource of Rollouts ignores the status, forged or not":                                 mainIgnoresStatus,
	}
}

// writes are all ways to write a field of the status of "web" in a namespace, as a user.
func (w *world) writes(t *testing.T, user, namespace, field, value string) map[string]func(dryRun []string) error {
	t.Helper()
	rollouts := w.rollouts(t, user, namespace)
	patch := func(kind types.PatchType, body string, options metav1.PatchOptions) func([]string) error {
		return func(dryRun []string) error {
			options.DryRun = dryRun
			_, err := rollouts.Patch(t.Context(), "web", kind, []byte(body), options, "status")
			return err
		}
	}
	merge := fmt.Sprintf(`{"status":{%q:%s}}`, field, value)
	return map[string]func([]string) error{
		"a merge patch": patch(types.MergePatchType, merge, metav1.PatchOptions{}),
		"a JSON patch": patch(types.JSONPatchType,
			fmt.Sprintf(`[{"op":"add","path":"/status/%s","value":%s}]`, field, value), metav1.PatchOptions{}),
		"server-side apply": patch(types.ApplyPatchType, fmt.Sprintf(
			`{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","metadata":{"name":"web"},"status":{%q:%s}}`, field, value),
			metav1.PatchOptions{FieldManager: "story", Force: new(true)}),
		"PUT": func(dryRun []string) error {
			rollout := w.getRollout(t, namespace)
			must(t, json.Unmarshal([]byte(merge), rollout))
			_, err := rollouts.UpdateStatus(t.Context(), rollout, metav1.UpdateOptions{DryRun: dryRun})
			return err
		},
	}
}

func statusIsTheControllers(t *testing.T, w *world) {
	namespace, before := w.rollout(t, canarySpec, atPause)
	for field, value := range map[string]string{
		"phase": `"Healthy"`, "message": `"fine"`, "stableRS": `"canary"`, "currentPodHash": `"stable"`,
		"observedGeneration": `"7"`, "currentStepHash": `"x"`, "replicas": `9`, "HPAReplicas": `9`, "selector": `"a=b"`,
		"abortedAt": `"2026-01-02T03:04:05Z"`, "restartedAt": `"2026-01-02T03:04:05Z"`, "collisionCount": `3`,
		"canary":     `{"currentStepAnalysisRunStatus":{"name":"run","status":"Successful"}}`,
		"blueGreen":  `{"activeSelector":"canary"}`,
		"conditions": `[{"type":"Healthy","status":"True","lastUpdateTime":null,"lastTransitionTime":null,"reason":"","message":""}]`,
	} {
		for how, write := range w.writes(t, admin, namespace, field, value) {
			for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
				err := write(dryRun)
				if err == nil {
					t.Errorf("%s of %s is accepted", how, field)
					continue
				}
				refused(t, err, http.StatusForbidden, "status."+field, "the controller alone")
			}
		}
	}
	if diff := cmp.Diff(before, w.getRollout(t, namespace)); diff != "" {
		t.Errorf("a refused write left a trace:\n%s", diff)
	}
	// What is permitted does not carry along what is not.
	_, err := w.rollouts(t, admin, namespace).Patch(t.Context(), "web", types.MergePatchType,
		[]byte(`{"status":{"abort":true,"phase":"Healthy"}}`), metav1.PatchOptions{}, "status")
	refused(t, err, http.StatusForbidden, "status.phase")
}

func statusNeedsRights(t *testing.T, w *world) {
	for _, test := range []struct{ status, field, value, user, right string }{
		{atPause, "abort", `true`, aborter, "abort"},
		{aborted, "abort", `false`, retrier, "retry"},
		{atPause, "pauseConditions", `[]`, promoter, "promote"},
		{atPause, "controllerPause", `false`, promoter, "promote"},
		{atPause, "currentStepIndex", `2`, promoter, "promote"},
		{atPause, "promoteFull", `true`, promoter, "promote"},
	} {
		for _, user := range []string{writer, promoter, aborter, retrier} {
			namespace, before := w.rollout(t, canarySpec, test.status)
			for how, write := range w.writes(t, user, namespace, test.field, test.value) {
				err := write([]string{metav1.DryRunAll})
				switch {
				case user == test.user && err != nil:
					t.Errorf("%s of %s by who may: %v", how, test.field, err)
				case user != test.user && err == nil:
					t.Errorf("%s of %s by the %s needs no right", how, test.field, user)
				case user != test.user:
					refused(t, err, http.StatusForbidden, "create rollouts/"+test.right+" in namespace "+namespace)
				}
			}
			if diff := cmp.Diff(before, w.getRollout(t, namespace)); diff != "" {
				t.Errorf("%s by the %s left a trace:\n%s", test.field, user, diff)
			}
		}
		for how := range w.writes(t, test.user, "", test.field, test.value) {
			namespace, _ := w.rollout(t, canarySpec, test.status)
			must(t, w.writes(t, test.user, namespace, test.field, test.value)[how](nil))
			var got map[string]json.RawMessage
			raw, err := json.Marshal(w.getRollout(t, namespace).Status)
			must(t, err)
			must(t, json.Unmarshal(raw, &got))
			if value := string(got[test.field]); value != test.value && (value != "" || test.value != "false") {
				t.Errorf("after %s %s is %q, want %s", how, test.field, value, test.value)
			}
		}
	}
}

func statusGoesOneWay(t *testing.T, w *world) {
	for _, test := range []struct{ status, field, value string }{
		{atPause, "currentStepIndex", `0`},
		{atPause, "currentStepIndex", `4`},
		{atPause, "currentStepIndex", `-1`},
		{atWeight, "controllerPause", `true`},
		{atWeight, "pauseConditions", `[{"reason":"CanaryPauseStep","startTime":"2026-01-02T03:04:05Z"}]`},
		{atPause, "pauseConditions", `[{"reason":"CanaryPauseStep","startTime":"2027-01-02T03:04:05Z"}]`},
		{
			`{observedGeneration: "1", currentPodHash: canary, stableRS: stable, promoteFull: true}`, "promoteFull", `false`,
		},
	} {
		namespace, before := w.rollout(t, canarySpec, test.status)
		for how, write := range w.writes(t, admin, namespace, test.field, test.value) {
			err := write(nil)
			if err == nil {
				t.Errorf("%s of %s %s is accepted", how, test.field, test.value)
				continue
			}
			refused(t, err, http.StatusForbidden, "status."+test.field, "a client may")
		}
		if diff := cmp.Diff(before, w.getRollout(t, namespace)); diff != "" {
			t.Errorf("a refused write left a trace:\n%s", diff)
		}
	}
	namespace, _ := w.rollout(t, canarySpec, atPause)
	_, err := w.rollouts(t, admin, namespace).Patch(t.Context(), "web", types.MergePatchType,
		[]byte(`{"status":null}`), metav1.PatchOptions{}, "status")
	refused(t, err, http.StatusForbidden, "status.")
}

func unchangedStatus(t *testing.T, w *world) {
	namespace, before := w.rollout(t, canarySpec, atPause)
	_, err := w.rollouts(t, writer, namespace).UpdateStatus(t.Context(), before, metav1.UpdateOptions{})
	must(t, err)
}

func mainIgnoresStatus(t *testing.T, w *world) {
	namespace, before := w.rollout(t, canarySpec, atPause)
	rollouts := w.rollouts(t, writer, namespace)
	after, err := rollouts.Patch(t.Context(), "web", types.MergePatchType,
		[]byte(`{"status":{"abort":true,"phase":"Healthy","pauseConditions":null}}`), metav1.PatchOptions{})
	must(t, err)
	rolloutBecomes(t, "a merge patch", before, after, func(*v1alpha1.RolloutStatus) {})
	forged := before.DeepCopy()
	forged.Status = v1alpha1.RolloutStatus{PromoteFull: true}
	after, err = rollouts.Update(t.Context(), forged, metav1.UpdateOptions{})
	must(t, err)
	rolloutBecomes(t, "PUT", before, after, func(*v1alpha1.RolloutStatus) {})
}
