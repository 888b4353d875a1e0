// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// rolloutOf returns a stored Rollout.
func rolloutOf(t *testing.T, manifest string) *v1alpha1.Rollout {
	t.Helper()
	rollout := registrytest.Decode(t, manifest, &v1alpha1.Rollout{})
	rollout.Name, rollout.Namespace = "guestbook", registrytest.Namespace
	rollout.UID, rollout.ResourceVersion, rollout.CreationTimestamp = "uid", "1", metav1.Now()
	return rollout
}

func TestCreateForgetsAStatusAndStartsAtGeneration1(t *testing.T) {
	t.Parallel()
	created := rolloutOf(t, `{metadata: {generation: 9}, spec: {replicas: 0}, status: {phase: Healthy, abort: true}}`)
	if err := rest.BeforeCreate(newStrategy(install.NewScheme()), registrytest.Context(t), created); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v1alpha1.RolloutStatus{}, created.Status); diff != "" {
		t.Errorf("a client forged the status (-want +got):\n%s", diff)
	}
	if created.Generation != 1 {
		t.Errorf("generation %d, want 1", created.Generation)
	}
}

func TestCreateRejectsOnlyWhatThePeersSchemaRejects(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		manifest string
		fields   []string
	}{
		"accepts a Rollout without anything": {manifest: `{spec: {}}`},
		"accepts two strategies": {
			manifest: `{spec: {strategy: {canary: {}, blueGreen: {activeService: a}}}}`,
		},
		"accepts negative replicas":           {manifest: `{spec: {replicas: -1}}`},
		"accepts a step that does two things": {manifest: canaryOf(`{setWeight: 101, pause: {}}`)},
		"accepts a step that does nothing":    {manifest: canaryOf(`{}`)},
		"accepts a quantity that cannot be parsed": {
			manifest: `{spec: {template: {resources: {limits: {memory: invalid}}}}}`,
		},
		"accepts a selector that does not match": {
			manifest: `{spec: {selector: {matchLabels: {a: b}}, template: {}}}`,
		},
		"accepts an experiment without templates yet": {manifest: canaryOf(`{experiment: {templates: []}}`)},
		"accepts an active Service whose name is empty": {
			manifest: `{spec: {strategy: {blueGreen: {activeService: ""}}}}`,
		},
		"names the missing weight of an anti-affinity": {
			manifest: `{spec: {strategy: {blueGreen: {antiAffinity: ` +
				`{preferredDuringSchedulingIgnoredDuringExecution: {}}}}}}`,
			fields: []string{
				"spec.strategy.blueGreen.antiAffinity.preferredDuringSchedulingIgnoredDuringExecution.weight"},
		},
		"names the experiment without a list of templates": {
			manifest: canaryOf(`{experiment: {duration: 5m}}`),
			fields:   []string{"spec.strategy.canary.steps[0].experiment.templates"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := rest.ValidateCreate(
				registrytest.Context(t), rolloutOf(t, tc.manifest), newStrategy(install.NewScheme()))
			if diff := cmp.Diff(tc.fields, registrytest.Fields(problems)); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s\n%v", diff, problems)
			}
		})
	}
}

// canaryOf returns a canary of steps.
func canaryOf(list string) string {
	return `{spec: {strategy: {canary: {steps: [` + list + `]}}}}`
}

func TestUpdateOfTheMainResource(t *testing.T) {
	t.Parallel()
	const canary = `{spec: {replicas: 1, template: {a: 1, b: 2}}, status: {phase: Paused}}`
	cases := map[string]struct {
		old, new   string
		generation int64
		fails      bool
	}{
		"keeps the generation where nothing changes": {old: canary, new: canary, generation: 1},
		"keeps it where only a template's keys are sorted": {
			old: canary, new: `{spec: {template: {b: 2, a: 1}, replicas: 1}}`, generation: 1,
		},
		"keeps it where only metadata changes": {
			old: canary, new: `{metadata: {labels: {a: b}}, spec: {replicas: 1, template: {a: 1, b: 2}}}`, generation: 1,
		},
		"keeps it where only the status is forged": {
			old: canary, new: `{spec: {replicas: 1, template: {a: 1, b: 2}}, status: {phase: Healthy}}`, generation: 1,
		},
		"moves it with the number of pods": {
			old: canary, new: `{spec: {replicas: 2, template: {a: 1, b: 2}}}`, generation: 2,
		},
		"moves it with the template": {
			old: canary, new: `{spec: {replicas: 1, template: {a: 1, b: 3}}}`, generation: 2,
		},
		"moves it with an explicit empty list of steps": {
			old: `{spec: {strategy: {canary: {}}}}`, new: canaryOf(""), generation: 2,
		},
		"refuses another selector": {
			old: `{spec: {selector: {matchLabels: {a: b}}}}`, new: `{spec: {selector: {matchLabels: {a: c}}}}`, fails: true,
		},
		"lets a selector be added":   {old: `{spec: {}}`, new: `{spec: {selector: {matchLabels: {a: b}}}}`, generation: 2},
		"lets a selector be removed": {old: `{spec: {selector: {}}}`, new: `{spec: {}}`, generation: 2},
		"refuses a change to what the schema rejects": {
			old: `{spec: {}}`, new: canaryOf(`{experiment: {}}`), fails: true,
		},
		"lets metadata change beside a fault that is stored already": {
			old: `{spec: {strategy: {canary: {steps: [{experiment: {}}]}}}}`,
			new: `{metadata: {labels: {a: b}}, spec: {strategy: {canary: {steps: [{experiment: {}}]}}}}`, generation: 1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, updated := rolloutOf(t, tc.old), rolloutOf(t, tc.new)
			old.Generation = 1
			err := rest.BeforeUpdate(newStrategy(install.NewScheme()), registrytest.Context(t), updated, old)
			if tc.fails != (err != nil) {
				t.Fatalf("error %v, want one: %v", err, tc.fails)
			}
			if tc.fails {
				return
			}
			if updated.Generation != tc.generation {
				t.Errorf("generation %d, want %d", updated.Generation, tc.generation)
			}
			if diff := cmp.Diff(old.Status, updated.Status); diff != "" {
				t.Errorf("the status changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARolloutStaysWithAWorkloadThatItHolds(t *testing.T) {
	t.Parallel()
	ref := func(kind, name string) string {
		return fmt.Sprintf("{spec: {workloadRef: {apiVersion: apps/v1, kind: %s, name: %q}}}", kind, name)
	}
	for name, test := range map[string]struct {
		old, new string
		refused  bool
	}{
		"another StatefulSet":                            {ref("StatefulSet", "db"), ref("StatefulSet", "other"), true},
		"another DaemonSet":                              {ref("DaemonSet", "db"), ref("DaemonSet", "other"), true},
		"another kind":                                   {ref("StatefulSet", "db"), ref("Deployment", "db"), true},
		"no workload":                                    {ref("DaemonSet", "db"), "{spec: {}}", true},
		"another version of its kind":                    {strings.Replace(ref("StatefulSet", "db"), "v1", "v2", 1), ref("StatefulSet", "db"), false},
		"a name in place of none":                        {ref("StatefulSet", ""), ref("StatefulSet", "db"), false},
		"a StatefulSet, from no other":                   {"{spec: {}}", ref("StatefulSet", "db"), false},
		"a StatefulSet, from one that goes on by itself": {ref("Deployment", "db"), ref("StatefulSet", "db"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			updated := rolloutOf(t, test.new)
			err := rest.BeforeUpdate(newStrategy(install.NewScheme()), registrytest.Context(t), updated, rolloutOf(t, test.old))
			if test.refused != (err != nil) {
				t.Fatalf("error %v, want one: %v", err, test.refused)
			}
			if test.refused && !strings.Contains(err.Error(), `"db", whose pods wait for this Rollout: to drive another `+
				`workload, delete the Rollout first; that frees it`) {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}

func TestTheSelectorsMessageIsThePeers(t *testing.T) {
	t.Parallel()
	old := rolloutOf(t, `{spec: {selector: {matchLabels: {a: b}}}}`)
	updated := rolloutOf(t, `{metadata: {generation: 1}, spec: {selector: {}}}`)
	problems := newStrategy(install.NewScheme()).ValidateUpdate(t.Context(), updated, old)
	if len(problems) != 1 || problems[0].Field != "spec.selector" || problems[0].Detail != ".spec.selector is immutable" {
		t.Errorf("problems %v, want spec.selector with the detail %q", problems, ".spec.selector is immutable")
	}
}

func TestUpdateOfTheStatus(t *testing.T) {
	t.Parallel()
	old := rolloutOf(t, `{metadata: {generation: 4, labels: {a: b}}, spec: {replicas: 1}, status: {phase: Paused}}`)
	updated := rolloutOf(t, `{metadata: {labels: {x: y}, finalizers: [x/y]}, spec: {replicas: 9}, status: {abort: true}}`)
	surface := statusStrategy{newStrategy(install.NewScheme())}
	if err := rest.BeforeUpdate(surface, registrytest.Context(t), updated, old); err != nil {
		t.Fatal(err)
	}
	want := old.DeepCopy()
	want.Status = v1alpha1.RolloutStatus{Abort: true}
	want.CreationTimestamp = updated.CreationTimestamp
	if diff := cmp.Diff(want, updated); diff != "" {
		t.Errorf("more than the status changed (-want +got):\n%s", diff)
	}
}

func TestServerSideApplyDoesNotOwnWhatASurfaceIgnores(t *testing.T) {
	t.Parallel()
	scheme := install.NewScheme()
	version := fieldpath.APIVersion(v1alpha1.SchemeGroupVersion.String())
	main := newStrategy(scheme).GetResetFields()[version]
	status := statusStrategy{newStrategy(scheme)}.GetResetFields()[version]
	cases := map[string]struct {
		reset *fieldpath.Set
		path  fieldpath.Path
		want  bool
	}{
		"the main resource ignores the status":         {main, fieldpath.MakePathOrDie("status"), true},
		"the main resource takes the specification":    {main, fieldpath.MakePathOrDie("spec"), false},
		"the status surface ignores the specification": {status, fieldpath.MakePathOrDie("spec"), true},
		"the status surface takes the status":          {status, fieldpath.MakePathOrDie("status"), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tc.reset.Has(tc.path); got != tc.want {
				t.Errorf("%s is ignored: %v, want %v", tc.path, got, tc.want)
			}
		})
	}
}
