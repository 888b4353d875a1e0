// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	stateful = "workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: db}\n"
	daemon   = "workloadRef: {apiVersion: apps/v1, kind: DaemonSet, name: db}\n"
)

func TestWhatAWorkloadThatReplacesItsPodsCannotDoIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ spec, want string }{
		"a canary of a StatefulSet": {stateful + "strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}", ""},
		"a canary of a DaemonSet":   {daemon + "strategy: {canary: {maxUnavailable: 2, maxSurge: 0}}", ""},
		"another version": {"workloadRef: {apiVersion: apps/v1beta2, kind: StatefulSet, name: db}",
			"spec.workloadRef.apiVersion: Unsupported value"},
		"a number of pods": {stateful + "replicas: 3",
			"spec.replicas: Forbidden: the StatefulSet says how many pods there are: leave it out"},
		"a time to be ready": {daemon + "minReadySeconds: 3", "spec.minReadySeconds: Forbidden: say it in the DaemonSet"},
		"a way down": {"workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: db, scaleDown: onsuccess}",
			"spec.workloadRef.scaleDown: Invalid value"},
		"blue-green": {stateful + "strategy: {blueGreen: {activeService: a}}",
			"spec.strategy.blueGreen: Forbidden: a StatefulSet replaces its pods one by one"},
		"routers": {stateful + "strategy: {canary: {trafficRouting: {}}}",
			"spec.strategy.canary.trafficRouting: Forbidden: it is not there for a StatefulSet"},
		"metadata of roles": {stateful + "strategy: {canary: {canaryMetadata: {labels: {role: canary}}}}",
			"spec.strategy.canary.canaryMetadata: Forbidden"},
		"a surge": {daemon + "strategy: {canary: {maxSurge: 1}}", "spec.strategy.canary.maxSurge: Forbidden"},
		"no pod that may be unavailable": {stateful + "strategy: {canary: {maxUnavailable: 0%}}",
			"spec.strategy.canary.maxUnavailable: Invalid value: \"0%\": a StatefulSet deletes a pod before it makes it anew"},
		"an Experiment": {stateful + "strategy: {canary: {steps: [{experiment: {templates: []}}]}}",
			"spec.strategy.canary.steps[0].experiment: Forbidden"},
		"a number of new pods": {stateful + "strategy: {canary: {steps: [{pause: {}}, {setCanaryScale: {replicas: 1}}]}}",
			"spec.strategy.canary.steps[1].setCanaryScale: Forbidden: the pods of a StatefulSet take turns: use setWeight"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := &v1alpha1.Rollout{}
			if err := yaml.UnmarshalStrict([]byte(tc.spec), &rollout.Spec); err != nil {
				t.Fatal(err)
			}
			expectProblem(t, CheckWorkload(rollout), tc.want)
		})
	}
}

func TestTheConfigOfAWorkloadThatReplacesItsPodsIsNoPartOfItsRevisions(t *testing.T) {
	t.Parallel()
	rollout := &v1alpha1.Rollout{}
	rollout.Annotations = map[string]string{v1alpha1.AnnotationVersionedConfig: "configmaps"}
	rollout.Spec.WorkloadRef = &v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: kindStatefulSet, Name: "db"}
	expectProblem(t, CheckWorkload(rollout), "metadata.annotations[capstan.dev/versioned-config]: Forbidden")
}

func TestAWorkloadThatDoesNotLetItselfBeDrivenIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind, want string
		work       InPlace
	}{
		"a StatefulSet that only deletions update": {kindStatefulSet,
			`StatefulSet "db" has spec.updateStrategy.type OnDelete: set it to RollingUpdate`, InPlace{Strategy: "OnDelete"}},
		"a DaemonSet that rolls by itself": {kindDaemonSet,
			`DaemonSet "db" has spec.updateStrategy.type RollingUpdate: set it to OnDelete`, InPlace{Strategy: "RollingUpdate"}},
		"one of another Rollout": {kindStatefulSet, `StatefulSet "db" is managed by another Rollout, "cache"`,
			InPlace{Strategy: "RollingUpdate", Driver: "cache"}},
		"one of its own": {kindStatefulSet, "", InPlace{Strategy: "RollingUpdate", Driver: "db"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := &v1alpha1.Rollout{}
			rollout.Name = "db"
			rollout.Spec.WorkloadRef = &v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: tc.kind, Name: "db"}
			workload := &Workload{Template: template(`{"spec":{"containers":[{"name":"db"}]}}`), InPlace: &tc.work}
			_, err := Resolve(rollout, workload)
			expectProblem(t, err, tc.want)
		})
	}
}
