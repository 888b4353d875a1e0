// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestAReferenceNamesAWorkload(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ spec, want string }{
		"a Deployment":  {"workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}", ""},
		"a ReplicaSet":  {"workloadRef: {apiVersion: apps/v1, kind: ReplicaSet, name: web, scaleDown: never}", ""},
		"a PodTemplate": {"workloadRef: {apiVersion: v1, kind: PodTemplate, name: web}", ""},
		"a Deployment that goes down": {
			"workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web, scaleDown: onsuccess}", ""},
		"a template as typed clients write none": {
			"template: {metadata: {creationTimestamp: null}, spec: {containers: null}}\n" +
				"workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}", ""},
		"a template besides": {
			"template: {spec: {containers: [{name: a}]}}\n" +
				"workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}",
			"spec.template: Invalid value: the pod template is that of spec.workloadRef: remove one of the two"},
		"a template besides that is none": {
			"template: none\nworkloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}", "spec.template: Invalid"},
		"nothing": {"workloadRef: {}", `spec.workloadRef.kind: Unsupported value: ""`},
		"a Job": {"workloadRef: {apiVersion: batch/v1, kind: Job, name: web}",
			`spec.workloadRef.kind: Unsupported value: "Job": supported values: "DaemonSet", "Deployment", "PodTemplate", "ReplicaSet", "StatefulSet"`},
		"another version": {"workloadRef: {apiVersion: extensions/v1beta1, kind: Deployment, name: web}",
			`spec.workloadRef.apiVersion: Unsupported value: "extensions/v1beta1": supported values: "apps/v1"`},
		"no name": {"workloadRef: {apiVersion: apps/v1, kind: Deployment}", "spec.workloadRef.name: Required value"},
		"no such way down": {
			"workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web, scaleDown: soon}",
			`spec.workloadRef.scaleDown: Unsupported value: "soon"`},
		"a way down for what has none": {
			"workloadRef: {apiVersion: v1, kind: PodTemplate, name: web, scaleDown: onsuccess}",
			"only a Deployment is scaled down"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := &v1alpha1.Rollout{}
			if err := yaml.Unmarshal([]byte(tc.spec), &rollout.Spec); err != nil {
				t.Fatal(err)
			}
			expectProblem(t, CheckWorkload(rollout), tc.want)
		})
	}
}

// expectProblem compares an error with a part of its text; "" is no error.
func expectProblem(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("it is refused: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want %q", err, want)
	}
}

func template(text string) v1alpha1.PodTemplateSpec {
	return v1alpha1.PodTemplateSpec{JSON: v1alpha1.JSON{Raw: []byte(text)}}
}

func TestAWorkloadGivesItsTemplate(t *testing.T) {
	t.Parallel()
	of := func(name string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
	}
	const pods = `{"metadata":{"labels":{"app":"theirs"}}}`
	cases := map[string]struct {
		workload       *Workload
		own            *metav1.LabelSelector
		selected, want string
	}{
		"and its selector": {workload: &Workload{Template: template(pods), Selector: of("theirs")}, selected: "theirs"},
		"and not its selector where the Rollout has one": {
			workload: &Workload{Template: template(pods), Selector: of("theirs")}, own: of("ours"), selected: "ours"},
		"but not where it is not there": {want: `spec.workloadRef.name: Invalid value: "web": Deployment "web" not found`},
		"but not where that is none":    {workload: &Workload{Template: template(`{"spec":1}`)}, want: "decode pod template"},
		"but not that of a revision": {
			workload: &Workload{Template: template(`{"metadata":{"labels":{"rollouts-pod-template-hash":"a"}}}`)},
			want:     "is a revision of a Rollout"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := &v1alpha1.Rollout{Spec: v1alpha1.RolloutSpec{
				Selector: tc.own, WorkloadRef: &v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
			}}
			resolved, err := Resolve(rollout, tc.workload)
			expectProblem(t, err, tc.want)
			if tc.want != "" {
				return
			}
			if got := resolved.Spec.Selector.MatchLabels["app"]; got != tc.selected {
				t.Errorf("it selects the pods of %s, want %s", got, tc.selected)
			}
			if got := string(resolved.Spec.Template.Raw); got != pods {
				t.Errorf("template %s, want %s", got, pods)
			}
			if rollout.Spec.Template.Raw != nil || rollout.Spec.Selector != tc.own {
				t.Error("the Rollout itself was changed")
			}
		})
	}
}

// referring returns a cluster whose Rollout takes the place of a Deployment with so many pods.
func referring(t *testing.T, scaleDown string, replicas int32) *cluster {
	t.Helper()
	c := start(t, 4, "canary: {steps: [{setWeight: 50}, {pause: {}}]}")
	c.rollout.Spec.WorkloadRef = &v1alpha1.ObjectRef{
		APIVersion: "apps/v1", Kind: "Deployment", Name: "web", ScaleDown: scaleDown,
	}
	c.workload = &Workload{UID: "w", Version: "7", Replicas: &replicas}
	return c
}

func TestADeploymentGivesUpItsPods(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		scaleDown string
		before    int32
		// running are its pods while one, three, two and four pods of the Rollout are ready.
		running  [4]int32
		released bool
	}{
		"never":                               {scaleDown: "", before: 4, running: [4]int32{4, 4, 4, 4}},
		"never, as it is said":                {scaleDown: "never", before: 4, running: [4]int32{4, 4, 4, 4}},
		"at once when the Rollout is healthy": {scaleDown: "onsuccess", before: 4, running: [4]int32{4, 4, 4, 0}, released: true},
		"as the Rollout gets ready": {
			scaleDown: "progressively", before: 4, running: [4]int32{3, 1, 2, 0}, released: true},
		"and stays without where it had none": {
			scaleDown: "progressively", before: 0, running: [4]int32{0, 0, 0, 0}, released: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := referring(t, tc.scaleDown, tc.before)
			c.decide()
			for i, ready := range []int32{1, 3, 2, 4} {
				c.sets[0] = c.sets[0].DeepCopy()
				c.sets[0].Status.ReadyReplicas, c.sets[0].Status.AvailableReplicas = ready, ready
				c.decide()
				if got := *c.workload.Replicas; got != tc.running[i] {
					t.Errorf("with %d ready pods the Deployment runs %d, want %d", ready, got, tc.running[i])
				}
			}
			if got := c.workload.Released != ""; got != tc.released {
				t.Errorf("released: %v, want %v", got, tc.released)
			}
			if got := c.rollout.Status.WorkloadObservedGeneration; got != "7" {
				t.Errorf("the status tells of generation %q of the workload, want 7", got)
			}
		})
	}
}

func TestADeploymentThatSomebodyScalesUpAgainStaysUp(t *testing.T) {
	t.Parallel()
	for _, scaleDown := range []string{"onsuccess", "progressively"} {
		t.Run(scaleDown, func(t *testing.T) {
			t.Parallel()
			c := referring(t, scaleDown, 4)
			c.settle()
			c.workload.Replicas = new(int32(3))
			c.settle()
			if got := *c.workload.Replicas; got != 3 {
				t.Errorf("it runs %d pods, want the 3 that somebody asked for", got)
			}
		})
	}
}

func TestOnlyTheFirstRevisionTakesADeploymentOver(t *testing.T) {
	t.Parallel()
	c := referring(t, "never", 4)
	c.settle()
	c.push(2)
	c.rollout.Spec.WorkloadRef.ScaleDown = "onsuccess"
	c.rollout.Status.PromoteFull = true
	c.settle()
	c.rollout.Status.PauseConditions = nil
	c.settle()
	c.expect(healthy, 2, 0, 4)
	if got := *c.workload.Replicas; got != 4 {
		t.Errorf("the second revision scales the Deployment to %d", got)
	}
}

func TestARolloutWithoutAWorkloadTellsOfNone(t *testing.T) {
	t.Parallel()
	c := referring(t, "never", 4)
	c.settle()
	c.rollout.Spec.WorkloadRef, c.workload = nil, nil
	c.settle()
	if got := c.rollout.Status.WorkloadObservedGeneration; got != "" {
		t.Errorf("the status tells of generation %q of a workload", got)
	}
}
