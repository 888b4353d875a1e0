// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestWhatCannotBeCarriedOutIsNamed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, strategy string
		change         func(*v1alpha1.RolloutSpec)
		want           string
	}{
		{"a canary", tenFortyHundred, nil, ""},
		{"no strategy", "{}", nil, "spec.strategy: Required value: Rollout has missing field"},
		{"two strategies", "canary: {}\nblueGreen: {activeService: a}", nil, "Multiple Strategies can not be listed"},
		{"no selector", "canary: {}", func(s *v1alpha1.RolloutSpec) { s.Selector = nil }, "spec.selector: Required"},
		{"an empty selector", "canary: {}", func(s *v1alpha1.RolloutSpec) {
			s.Selector = &metav1.LabelSelector{}
		}, "empty selector is invalid"},
		{"a selector of other pods", "canary: {}", func(s *v1alpha1.RolloutSpec) {
			s.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
		}, "`selector` does not match template `labels`"},
		{"a template that is none", "canary: {}", func(s *v1alpha1.RolloutSpec) {
			s.Template.Raw = []byte(`{"spec": 1}`)
		}, "spec.template: Invalid value"},
		{"fewer pods than none", "canary: {}", func(s *v1alpha1.RolloutSpec) {
			s.Replicas = new(int32(-1))
		}, "spec.replicas: Invalid value: -1"},
		{"a deadline before pods are available", "canary: {}", func(s *v1alpha1.RolloutSpec) {
			s.MinReadySeconds = new(int32(600))
		}, "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"},
		{"too much weight", "canary: {steps: [{setWeight: 101}]}", nil,
			"spec.strategy.canary.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100"},
		{"a step that is two", "canary: {steps: [{setWeight: 1, pause: {}}]}", nil, "this one has 2"},
		{"a step that is none", "canary: {steps: [{}]}", nil, "this one has 0"},
		{"a pause of no time", "canary: {steps: [{pause: {duration: soon}}]}", nil, `"soon" is neither a number`},
		{"a pause before now", "canary: {steps: [{pause: {duration: -1}}]}", nil, "Duration needs to be greater than 0"},
		{"an Experiment", "canary: {steps: [{experiment: {templates: []}}]}", nil, "steps[0].experiment"},
		{"a plugin", "canary: {steps: [{plugin: {name: a/b}}]}", nil, "no step plugin of this name"},
		{"a size without routers", "canary: {steps: [{setCanaryScale: {weight: 1}}]}", nil,
			"SetCanaryScale requires TrafficRouting to be set"},
		{"a share that is none", "canary: {maxSurge: some}", nil, `maxSurge: Invalid value: "some"`},
		{"no room to move", "canary: {maxSurge: 0, maxUnavailable: 0%}", nil, "both can not be zero"},
		{"stable pods that cannot go", "canary: {dynamicStableScale: true}", nil, "can only be used with traffic routing"},
		{"a role that takes pods away from the Rollout", "canary: {canaryMetadata: {labels: {app: other}}}", nil,
			"spec.strategy.canary.canaryMetadata.labels[app]: Invalid value: \"other\": this label says which pods"},
		{"a role that takes pods away from their revision",
			"blueGreen: {activeService: a, activeMetadata: {labels: {rollouts-pod-template-hash: x}}}", nil,
			"blueGreen.activeMetadata.labels[rollouts-pod-template-hash]"},
		{"a role that no pod can have", "canary: {stableMetadata: {labels: {role: a b}}}", nil,
			"stableMetadata.labels"},
		{"one Service twice", "canary: {canaryService: a, stableService: a}", nil, "two different services are required"},
		{"one Service twice, again", "blueGreen: {activeService: a, previewService: a}", nil,
			"two different services are required"},
		{"more revisions than are kept", "blueGreen: {activeService: a, scaleDownDelayRevisionLimit: 11}", nil,
			"can not be smaller than the rollout's scale down delay revision limit"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, 5, tc.strategy)
			if tc.change != nil {
				tc.change(&c.rollout.Spec)
			}
			err := Validate(c.rollout, c.services)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("it is refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestAServiceHasToBeThereAndFree(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(map[string]*corev1.Service)
		want   string
	}{
		"one that is missing": {func(s map[string]*corev1.Service) { delete(s, "active") }, `service "active" not found`},
		"one of another Rollout": {func(s map[string]*corev1.Service) {
			s["active"].Annotations = map[string]string{v1alpha1.AnnotationManagedByRollouts: "other"}
		}, "is managed by another Rollout"},
		"one of other pods": {func(s map[string]*corev1.Service) {
			s["active"].Spec.Selector["tier"] = "db"
		}, `has unmatch label "tier" in rollout`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, 5, "blueGreen: {activeService: active}")
			tc.change(c.services)
			if err := Validate(c.rollout, c.services); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
