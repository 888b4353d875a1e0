// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func rolloutActionStories() map[string]story {
	return map[string]story{
		"every action on a Rollout has a right of its own":                       rolloutActionsHaveRights,
		"a dry run of an action on a Rollout leaves no trace":                    rolloutActionsDryRun,
		"an action on a Rollout that is not there is not found":                  rolloutActionsOnNothing,
		"a promotion ends the wait, goes on, or skips all":                       promotions,
		"a promotion of what has moved on is refused":                            promotionsMovedOn,
		"an update is aborted and tried again":                                   abortAndRetry,
		"a Rollout goes back to an earlier template, without what was put on it": undoes,
		"a Rollout goes back to no revision that is not there":                   undoRefuses,
		"who went back is recorded, and nobody else writes that":                 undoIsRecorded,
		"a Rollout is paused and restarted by its specification":                 pausesAndRestarts,
	}
}

// The users of Rollouts: each may read and write them and their status, and do nothing else but what its name says.
const (
	writer   = "writer"
	promoter = "promoter"
	aborter  = "aborter"
	retrier  = "retrier"
)

func rolloutRules() []apiserver.Rule {
	var granted []apiserver.Rule
	for _, user := range []string{writer, promoter, aborter, retrier} {
		for _, resource := range []string{"rollouts", "rollouts/status"} {
			granted = append(granted, apiserver.Rule{User: user, Verb: apiserver.Any, Resource: resource})
		}
	}
	return append(granted,
		apiserver.Rule{User: promoter, Verb: "create", Resource: "rollouts/promote"},
		apiserver.Rule{User: aborter, Verb: "create", Resource: "rollouts/abort"},
		apiserver.Rule{User: retrier, Verb: "create", Resource: "rollouts/retry"},
	)
}

// kept answers with three revisions of any Rollout.
type kept struct{}

func (kept) Sets(context.Context, *v1alpha1.Rollout) ([]appsv1.ReplicaSet, error) {
	set := func(number, hash string, annotations map[string]string) appsv1.ReplicaSet {
		made := appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
			Annotations: map[string]string{v1alpha1.AnnotationRevision: number},
			Labels:      map[string]string{v1alpha1.LabelPodTemplateHash: hash},
		}}
		for key, value := range annotations {
			made.Annotations[key] = value
		}
		made.Spec.Template.Labels = map[string]string{"app": "web", v1alpha1.LabelPodTemplateHash: hash, "role": "stable"}
		made.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Image: "web:" + number}}
		return made
	}
	return []appsv1.ReplicaSet{
		set("2", "stable", map[string]string{v1alpha1.AnnotationEphemeralMetadata: `{"labels":{"role":"stable"}}`}),
		set("10", "canary", nil), set("1", "first", nil), {},
	}, nil
}

const (
	canarySpec = `{replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},
  spec: {containers: [{name: web, image: "web:10"}]}}, strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}, {pause: {}}]}}}`
	// atPause is the status of such a canary at its first wait.
	atPause = `{observedGeneration: "1", currentPodHash: canary, stableRS: stable, currentStepIndex: 1, controllerPause: true,
  phase: Paused, pauseConditions: [{reason: CanaryPauseStep, startTime: "2026-01-02T03:04:05Z"}]}`
	atWeight     = `{observedGeneration: "1", currentPodHash: canary, stableRS: stable, currentStepIndex: 0, phase: Progressing}`
	inconclusive = `{observedGeneration: "1", currentPodHash: canary, stableRS: stable, currentStepIndex: 1, controllerPause: true,
  pauseConditions: [{reason: InconclusiveAnalysisRun, startTime: "2026-01-02T03:04:05Z"}],
  canary: {currentStepAnalysisRunStatus: {name: run, status: Inconclusive}}}`
	inconclusiveTrial = `{observedGeneration: "1", currentPodHash: canary, stableRS: stable, currentStepIndex: 1, controllerPause: true,
  pauseConditions: [{reason: InconclusiveExperiment, startTime: "2026-01-02T03:04:05Z"}], canary: {currentExperiment: trial}}`
	afterSteps = `{observedGeneration: "1", currentPodHash: canary, stableRS: stable, currentStepIndex: 3}`
	done       = `{observedGeneration: "1", currentPodHash: stable, stableRS: stable, currentStepIndex: 3, phase: Healthy}`
	aborted    = `{observedGeneration: "1", currentPodHash: canary, stableRS: stable, currentStepIndex: 0, abort: true, phase: Degraded}`
	promotedOn = `{observedGeneration: "1", currentPodHash: canary, stableRS: stable, currentStepIndex: 1, controllerPause: true}`
)

// rollout creates a Rollout "web" of a spec in a namespace of its own, and writes its status as the controller does.
func (w *world) rollout(t *testing.T, spec, status string) (string, *v1alpha1.Rollout) {
	t.Helper()
	namespace := newNamespace()
	rollout := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	must(t, yaml.Unmarshal([]byte(spec), &rollout.Spec))
	rollouts := clientOf(t, w.Config).ArgoprojV1alpha1().Rollouts(namespace)
	created, err := rollouts.Create(t.Context(), rollout, metav1.CreateOptions{})
	must(t, err)
	must(t, yaml.Unmarshal([]byte(status), &created.Status))
	written, err := rollouts.UpdateStatus(t.Context(), created, metav1.UpdateOptions{})
	must(t, err)
	return namespace, written
}

func (w *world) rollouts(t *testing.T, user, namespace string) argoclient.RolloutInterface {
	t.Helper()
	return w.as(t, user).ArgoprojV1alpha1().Rollouts(namespace)
}

func (w *world) getRollout(t *testing.T, namespace string) *v1alpha1.Rollout {
	t.Helper()
	rollout, err := w.rollouts(t, admin, namespace).Get(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	return rollout
}

type rolloutAction struct {
	status string
	do     func(argoclient.RolloutInterface, metav1.CreateOptions) (*v1alpha1.Rollout, error)
}

// rolloutActions are all actions, each with a status in which it can be done.
func rolloutActions(t *testing.T) map[string]rolloutAction {
	t.Helper()
	return map[string]rolloutAction{
		"promote": {atPause, func(r argoclient.RolloutInterface, o metav1.CreateOptions) (*v1alpha1.Rollout, error) {
			return r.Promote(t.Context(), "web", &v1alpha1.RolloutPromote{}, o)
		}},
		"abort": {atPause, func(r argoclient.RolloutInterface, o metav1.CreateOptions) (*v1alpha1.Rollout, error) {
			return r.Abort(t.Context(), "web", &v1alpha1.RolloutAbort{}, o)
		}},
		"retry": {aborted, func(r argoclient.RolloutInterface, o metav1.CreateOptions) (*v1alpha1.Rollout, error) {
			return r.Retry(t.Context(), "web", &v1alpha1.RolloutRetry{}, o)
		}},
		"undo": {atPause, func(r argoclient.RolloutInterface, o metav1.CreateOptions) (*v1alpha1.Rollout, error) {
			return r.Undo(t.Context(), "web", &v1alpha1.RolloutUndo{}, o)
		}},
		"pause": {atPause, func(r argoclient.RolloutInterface, o metav1.CreateOptions) (*v1alpha1.Rollout, error) {
			return r.Pause(t.Context(), "web", &v1alpha1.RolloutManualPause{}, o)
		}},
		"restart": {atPause, func(r argoclient.RolloutInterface, o metav1.CreateOptions) (*v1alpha1.Rollout, error) {
			return r.Restart(t.Context(), "web", &v1alpha1.RolloutRestart{}, o)
		}},
	}
}

func rolloutActionsHaveRights(t *testing.T, _ *world) {
	own := &world{apiserver.Start(t, apiserver.Options{Assembly: assembly(), Configure: withoutControllers(t)})}
	for name, action := range rolloutActions(t) {
		own.Rules.Allow(rules()...)
		namespace, _ := own.rollout(t, canarySpec, action.status)
		_, err := action.do(own.rollouts(t, writer, namespace), metav1.CreateOptions{})
		refused(t, err, http.StatusForbidden, "rollouts/"+name)
		own.Rules.Allow(apiserver.Rule{User: "robot", Verb: "create", Resource: "rollouts/" + name})
		if _, err := action.do(own.rollouts(t, "robot", namespace), metav1.CreateOptions{}); err != nil {
			t.Errorf("%s, by who may do nothing else: %v", name, err)
		}
	}
}

func rolloutActionsDryRun(t *testing.T, w *world) {
	for name, action := range rolloutActions(t) {
		namespace, before := w.rollout(t, canarySpec, action.status)
		changed, err := action.do(w.rollouts(t, admin, namespace), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		must(t, err)
		if cmp.Equal(before.Spec, changed.Spec) && cmp.Equal(before.Status, changed.Status) {
			t.Errorf("%s answers as if it did nothing", name)
		}
		if diff := cmp.Diff(before, w.getRollout(t, namespace)); diff != "" {
			t.Errorf("%s left a trace:\n%s", name, diff)
		}
	}
}

func rolloutActionsOnNothing(t *testing.T, w *world) {
	for _, action := range rolloutActions(t) {
		_, err := action.do(w.rollouts(t, admin, newNamespace()), metav1.CreateOptions{})
		refused(t, err, http.StatusNotFound, `"web" not found`)
	}
}

// rolloutBecomes requires that the status has changed in just these fields.
func rolloutBecomes(t *testing.T, name string, before, after *v1alpha1.Rollout, change func(*v1alpha1.RolloutStatus)) {
	t.Helper()
	want := before.Status.DeepCopy()
	change(want)
	if diff := cmp.Diff(*want, after.Status); diff != "" {
		t.Errorf("%s: status (-want +got):\n%s", name, diff)
	}
}

func promotions(t *testing.T, w *world) {
	for name, test := range map[string]struct {
		spec, status, body string
		change             func(*v1alpha1.RolloutStatus)
		resumes            bool
	}{
		"a wait ends": {status: atPause, change: func(s *v1alpha1.RolloutStatus) { s.PauseConditions = nil }},
		"a step without a wait is skipped": {status: atWeight, change: func(s *v1alpha1.RolloutStatus) {
			s.CurrentStepIndex = new(int32(1))
		}},
		"an inconclusive analysis is left behind": {status: inconclusive, change: func(s *v1alpha1.RolloutStatus) {
			s.PauseConditions, s.ControllerPause, s.CurrentStepIndex = nil, false, new(int32(2))
		}},
		"an inconclusive Experiment is left behind": {status: inconclusiveTrial, change: func(s *v1alpha1.RolloutStatus) {
			s.PauseConditions, s.ControllerPause, s.CurrentStepIndex = nil, false, new(int32(2))
		}},
		"all is skipped":         {status: atPause, body: `{full: true}`, change: func(s *v1alpha1.RolloutStatus) { s.PromoteFull = true }},
		"it is where it is said": {status: atPause, body: `{currentStepIndex: 1, currentPodHash: canary}`, change: func(s *v1alpha1.RolloutStatus) { s.PauseConditions = nil }},
		"a manual pause ends and no step is skipped": {
			spec: strings.Replace(canarySpec, "{replicas", "{paused: true, replicas", 1), status: atWeight,
			change: func(*v1alpha1.RolloutStatus) {}, resumes: true,
		},
		"a manual pause of a promoted Rollout ends": {
			spec: strings.Replace(canarySpec, "{replicas", "{paused: true, replicas", 1), status: done, body: `{full: true}`,
			change: func(*v1alpha1.RolloutStatus) {}, resumes: true,
		},
		"a wait of a blue-green Rollout ends": {
			spec:   `{template: {}, strategy: {blueGreen: {activeService: web}}}`,
			status: strings.ReplaceAll(atPause, "CanaryPauseStep", "BlueGreenPause"),
			change: func(s *v1alpha1.RolloutStatus) { s.PauseConditions = nil },
		},
	} {
		spec := canarySpec
		if test.spec != "" {
			spec = test.spec
		}
		namespace, before := w.rollout(t, spec, test.status)
		request := &v1alpha1.RolloutPromote{}
		must(t, yaml.Unmarshal([]byte(test.body), request))
		after, err := w.rollouts(t, admin, namespace).Promote(t.Context(), "web", request, metav1.CreateOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rolloutBecomes(t, name, before, after, test.change)
		if test.resumes != (after.Generation == 2) || after.Spec.Paused != nil && *after.Spec.Paused {
			t.Errorf("%s: generation %d, paused %v", name, after.Generation, after.Spec.Paused)
		}
		if diff := cmp.Diff(after, w.getRollout(t, namespace)); diff != "" {
			t.Errorf("%s: it answers what is not stored:\n%s", name, diff)
		}
	}
}

func promotionsMovedOn(t *testing.T, w *world) {
	for name, test := range map[string]struct{ status, body, says string }{
		"another step":                     {atPause, `{currentStepIndex: 0}`, "at step 1"},
		"another revision":                 {atPause, `{currentPodHash: other}`, `revision "canary"`},
		"a specification that nobody saw":  {strings.Replace(atPause, `"1"`, `"0"`, 1), `{}`, "not seen the newest specification"},
		"the same promotion twice":         {promotedOn, `{}`, "not seen the last promotion"},
		"an aborted update":                {aborted, `{}`, "rollouts/retry"},
		"an aborted update, in full":       {aborted, `{full: true}`, "rollouts/retry"},
		"what is promoted":                 {done, `{}`, "nothing is left to promote"},
		"what is promoted, in full":        {done, `{full: true}`, "nothing is left to promote"},
		"what has all its steps behind it": {afterSteps, `{}`, "promote it in full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace, before := w.rollout(t, canarySpec, test.status)
			request := &v1alpha1.RolloutPromote{}
			must(t, yaml.Unmarshal([]byte(test.body), request))
			_, err := w.rollouts(t, admin, namespace).Promote(t.Context(), "web", request, metav1.CreateOptions{})
			refused(t, err, http.StatusConflict, test.says)
			if diff := cmp.Diff(before, w.getRollout(t, namespace)); diff != "" {
				t.Errorf("it left a trace:\n%s", diff)
			}
		})
	}
}

func abortAndRetry(t *testing.T, w *world) {
	namespace, before := w.rollout(t, canarySpec, atPause)
	rollouts := w.rollouts(t, admin, namespace)
	_, err := rollouts.Retry(t.Context(), "web", &v1alpha1.RolloutRetry{}, metav1.CreateOptions{})
	refused(t, err, http.StatusConflict, "aborted")
	after, err := rollouts.Abort(t.Context(), "web", &v1alpha1.RolloutAbort{}, metav1.CreateOptions{})
	must(t, err)
	rolloutBecomes(t, "abort", before, after, func(s *v1alpha1.RolloutStatus) { s.Abort = true })
	after, err = rollouts.Retry(t.Context(), "web", &v1alpha1.RolloutRetry{}, metav1.CreateOptions{})
	must(t, err)
	rolloutBecomes(t, "retry", before, after, func(*v1alpha1.RolloutStatus) {})
	namespace, _ = w.rollout(t, canarySpec, done)
	_, err = w.rollouts(t, admin, namespace).Abort(t.Context(), "web", &v1alpha1.RolloutAbort{}, metav1.CreateOptions{})
	refused(t, err, http.StatusConflict, "no update is in progress")
}

func undoes(t *testing.T, w *world) {
	for number, want := range map[int64]string{
		0: `{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"web:2","resources":{}}]}}`,
		1: `{"metadata":{"labels":{"app":"web","role":"stable"}},"spec":{"containers":[{"name":"web","image":"web:1","resources":{}}]}}`,
	} {
		namespace, before := w.rollout(t, canarySpec, atPause)
		after, err := w.rollouts(t, admin, namespace).Undo(t.Context(), "web",
			&v1alpha1.RolloutUndo{ToRevision: number}, metav1.CreateOptions{})
		must(t, err)
		var wanted, got any
		must(t, json.Unmarshal([]byte(want), &wanted))
		must(t, json.Unmarshal(after.Spec.Template.Raw, &got))
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("to revision %d: template (-want +got):\n%s", number, diff)
		}
		rolloutBecomes(t, "undo", before, after, func(*v1alpha1.RolloutStatus) {})
		if after.Generation != 2 {
			t.Errorf("the generation is %d", after.Generation)
		}
	}
}

func undoRefuses(t *testing.T, w *world) {
	namespace, _ := w.rollout(t, canarySpec, atPause)
	undo := func(namespace string, number int64) error {
		_, err := w.rollouts(t, admin, namespace).Undo(t.Context(), "web",
			&v1alpha1.RolloutUndo{ToRevision: number}, metav1.CreateOptions{})
		return err
	}
	for _, number := range []int64{-1, 7} {
		refused(t, undo(namespace, number), http.StatusUnprocessableEntity, "toRevision", "no such revision")
	}
	refused(t, undo(namespace, 10), http.StatusConflict, "revision 10")
	namespace, _ = w.rollout(t, `{workloadRef: {apiVersion: apps/v1, kind: Deployment, name: theirs}}`, atPause)
	refused(t, undo(namespace, 0), http.StatusUnprocessableEntity, "Deployment theirs")
}

func pausesAndRestarts(t *testing.T, w *world) {
	namespace, before := w.rollout(t, canarySpec, atPause)
	rollouts := w.rollouts(t, admin, namespace)
	after, err := rollouts.Pause(t.Context(), "web", &v1alpha1.RolloutManualPause{}, metav1.CreateOptions{})
	must(t, err)
	if after.Spec.Paused == nil || !*after.Spec.Paused || after.Generation != 2 {
		t.Errorf("paused %v at generation %d", after.Spec.Paused, after.Generation)
	}
	at := metav1.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)
	after, err = rollouts.Restart(t.Context(), "web", &v1alpha1.RolloutRestart{At: &at}, metav1.CreateOptions{})
	must(t, err)
	if !after.Spec.RestartAt.Equal(&at) {
		t.Errorf("restart at %v", after.Spec.RestartAt)
	}
	after, err = rollouts.Restart(t.Context(), "web", &v1alpha1.RolloutRestart{}, metav1.CreateOptions{})
	must(t, err)
	if !at.Before(after.Spec.RestartAt) {
		t.Errorf("restart at %v, want now", after.Spec.RestartAt)
	}
	rolloutBecomes(t, "pause and restart", before, after, func(*v1alpha1.RolloutStatus) {})
}
