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
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

const (
	// deployer does all that there is to do with Rollouts, without the verb of the gate, which releaser has.
	deployer = "deployer"
	releaser = "releaser"
)

func rolloutAttacks() map[string]attack {
	return map[string]attack{
		"in production the steps of a Rollout are skipped only with a right of its own": stepsAreKept,
		"in production a wait ends, and an update is aborted, without that right":       waitsEnd,
	}
}

func rolloutGateRules() []apiserver.Rule {
	var granted []apiserver.Rule
	for _, user := range []string{deployer, releaser} {
		for _, resource := range []string{"rollouts", "rollouts/status"} {
			for _, verb := range []string{"get", "create", "update", "patch"} {
				granted = append(granted, apiserver.Rule{User: user, Verb: verb, Resource: resource})
			}
		}
		for _, sub := range []string{"promote", "abort", "retry", "undo", "pause", "restart"} {
			granted = append(granted, apiserver.Rule{User: user, Verb: "create", Resource: "rollouts/" + sub})
		}
	}
	return append(granted, apiserver.Rule{User: releaser, Verb: "override", Resource: "rollouts"})
}

// skips are all ways past the steps of a Rollout.
func (w *world) skips(t *testing.T, user, namespace string) map[string]func() error {
	t.Helper()
	rollouts := w.rollouts(t, user, namespace)
	patch := func(body string) func() error {
		return func() error {
			_, err := rollouts.Patch(t.Context(), "web", types.MergePatchType, []byte(body), metav1.PatchOptions{}, "status")
			return err
		}
	}
	return map[string]func() error{
		"promote in full": func() error {
			_, err := rollouts.Promote(t.Context(), "web", &v1alpha1.RolloutPromote{Full: true}, metav1.CreateOptions{})
			return err
		},
		"promote a step without a wait": func() error {
			_, err := rollouts.Promote(t.Context(), "web", &v1alpha1.RolloutPromote{}, metav1.CreateOptions{})
			return err
		},
		"undo": func() error {
			_, err := rollouts.Undo(t.Context(), "web", &v1alpha1.RolloutUndo{}, metav1.CreateOptions{})
			return err
		},
		"promoteFull in the status":   patch(`{"status":{"promoteFull":true}}`),
		"the next step in the status": patch(`{"status":{"pauseConditions":null,"currentStepIndex":1}}`),
		"the last step in the status": patch(`{"status":{"currentStepIndex":3}}`),
	}
}

// inProduction waits until the gate counts the host cluster, of which nothing is known, as production.
func (w *world) inProduction(t *testing.T) {
	t.Helper()
	w.gate(t, nil)
	namespace, _ := w.rollout(t, canarySpec, atWeight)
	eventually(t, func() bool {
		_, err := w.rollouts(t, deployer, namespace).Promote(t.Context(), "web", &v1alpha1.RolloutPromote{Full: true}, dry())
		return err != nil
	})
}

func stepsAreKept(t *testing.T, w *world) {
	w.inProduction(t)
	for how := range w.skips(t, deployer, "") {
		namespace, before := w.rollout(t, canarySpec, atWeight)
		err := w.skips(t, deployer, namespace)[how]()
		if err == nil {
			t.Errorf("%s passes", how)
			continue
		}
		refused(t, err, http.StatusForbidden, "override", "kubectl auth can-i override rollouts.argoproj.io/web -n "+namespace)
		if got := reasonOf(err); got != gate.Reason("MissingRight") {
			t.Errorf("%s: the reason is %q", how, got)
		}
		if diff := cmp.Diff(before, w.getRollout(t, namespace)); diff != "" {
			t.Errorf("%s left a trace:\n%s", how, diff)
		}
		if err := w.skips(t, releaser, namespace)[how](); err != nil {
			t.Errorf("%s by who may: %v", how, err)
		}
	}
}

func waitsEnd(t *testing.T, w *world) {
	w.inProduction(t)
	for _, name := range []string{"promote", "abort", "retry", "pause", "restart"} {
		action := rolloutActions(t)[name]
		namespace, _ := w.rollout(t, canarySpec, action.status)
		if _, err := action.do(w.rollouts(t, deployer, namespace), metav1.CreateOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
