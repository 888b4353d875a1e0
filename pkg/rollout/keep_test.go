// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

func TestKeep(t *testing.T) {
	t.Parallel()
	const (
		canary  = "strategy: {canary: {canaryService: canary, stableService: stable}}"
		service = "{apiVersion: v1, kind: Service, metadata: {name: canary, namespace: shop}, spec: "
		work    = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: "
		state   = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: shop}, spec: "
		route   = "{apiVersion: traefik.io/v1alpha1, kind: TraefikService, metadata: {name: web, namespace: shop}, spec: "
	)
	for name, test := range map[string]struct{ spec, git, live, want string }{
		"the hash by which a Service selects pods": {
			canary, service + "{selector: {app: b}}}",
			service + "{type: NodePort, selector: {app: a, rollouts-pod-template-hash: h}}}",
			service + "{selector: {app: b, rollouts-pod-template-hash: h}}}",
		},
		"that of a blue-green Rollout": {
			"strategy: {blueGreen: {activeService: canary}}", service + "{selector: {app: a}}}",
			service + "{selector: {app: a, rollouts-pod-template-hash: h}}}",
			service + "{selector: {app: a, rollouts-pod-template-hash: h}}}",
		},
		"nothing where the Service selects all pods so far": {
			canary, service + "{selector: {app: b}}}", service + "{selector: {app: a}}}", service + "{selector: {app: b}}}",
		},
		"nothing of a Service without a selector": {
			canary, service + "{type: ExternalName}}", service + "{selector: {rollouts-pod-template-hash: h}}}",
			service + "{type: ExternalName}}",
		},
		"the pods of a workload that the Rollout replaces": {
			"workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web, scaleDown: onsuccess}",
			work + "{replicas: 3, paused: true}}", work + "{replicas: 0}}", work + "{replicas: 0, paused: true}}",
		},
		"which pods of a StatefulSet are replaced": {
			"workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: web}",
			state + "{updateStrategy: {rollingUpdate: {maxUnavailable: 2}}}}",
			state + "{updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 4}}}}",
			state + "{updateStrategy: {rollingUpdate: {maxUnavailable: 2, partition: 4}}}}",
		},
		"nothing of a StatefulSet that leaves that to its default": {
			"workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: web}", state + "{replicas: 3}}",
			state + "{replicas: 2, updateStrategy: {rollingUpdate: {partition: 4}}}}", state + "{replicas: 3}}",
		},
		"the revision by which a Service selects pods of a StatefulSet": {
			"workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: web}\n" + canary, service + "{selector: {app: b}}}",
			service + "{selector: {controller-revision-hash: h}}}",
			service + "{selector: {app: b, controller-revision-hash: h}}}",
		},
		"the weights of a router": {
			"strategy: {canary: {canaryService: c, stableService: s, trafficRouting: {traefik: {weightedTraefikServiceName: web}}}}",
			route + "{weighted: {services: [{name: s, weight: 100}, {name: c, weight: 0}]}}}",
			route + "{weighted: {services: [{name: s, weight: 80}, {name: c, weight: 20}]}}}",
			route + "{weighted: {services: [{name: s, weight: 80}, {name: c, weight: 20}]}}}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted := parsed(t, test.git)
			keep := rollout.KeepOf(specified(t, test.spec), wanted)
			if keep == nil {
				t.Fatal("the Rollout drives nothing of it")
			}
			keep(wanted, parsed(t, test.live))
			if diff := cmp.Diff(parsed(t, test.want), wanted); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestARolloutDrivesNothingOfOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ spec, object string }{
		"a Service that it does not name": {
			"strategy: {canary: {canaryService: canary}}", "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}}",
		},
		"a Service of another namespace": {
			"strategy: {canary: {canaryService: a}}", "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: bank}}",
		},
		"another kind of the name": {
			"strategy: {canary: {canaryService: a}}", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}}",
		},
		"a workload that it leaves as it is": {
			"workloadRef: {apiVersion: apps/v1, kind: Deployment, name: a}",
			"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: shop}}",
		},
		"a StatefulSet that it does not name": {
			"workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: b}",
			"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a, namespace: shop}}",
		},
		"anything by a router that is not there": {
			"strategy: {canary: {trafficRouting: {apisix: {}}}}", "{apiVersion: v1, kind: Route, metadata: {name: a, namespace: shop}}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if rollout.KeepOf(specified(t, test.spec), parsed(t, test.object)) != nil {
				t.Error("the Rollout drives it")
			}
		})
	}
}

func specified(t *testing.T, spec string) *v1alpha1.Rollout {
	t.Helper()
	read := &v1alpha1.Rollout{}
	read.Namespace, read.Name = "shop", "web"
	if err := yaml.UnmarshalStrict([]byte(spec), &read.Spec); err != nil {
		t.Fatal(err)
	}
	return read
}

func parsed(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(encoded); err != nil {
		t.Fatal(err)
	}
	return read
}
