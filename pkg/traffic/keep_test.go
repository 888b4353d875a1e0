// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/traffic"
)

// keptOf gives wanted objects the split of live ones, and shows that the live ones are not changed.
func keptOf(t *testing.T, router traffic.Router, live, wanted traffic.Live) traffic.Live {
	t.Helper()
	before := copied(t, live)
	kept := copied(t, wanted)
	for ref, object := range kept {
		if !traffic.Drives(router, ref, object) {
			t.Errorf("%s does not drive the %s", router.Name(), ref)
		}
		router.Keep(ref, live[ref], object)
	}
	if diff := cmp.Diff(before, live); diff != "" {
		t.Errorf("the live objects were changed (-before +after):\n%s", diff)
	}
	return copied(t, kept)
}

// bare are objects without their metadata: what a router marks there is nobody else's, and stays by itself.
func bare(live traffic.Live) traffic.Live {
	specs := traffic.Live{}
	for ref, object := range live {
		specs[ref] = &unstructured.Unstructured{Object: map[string]any{"spec": object.Object["spec"]}}
	}
	return specs
}

func TestAnotherStateOfAnObjectGetsTheLiveSplit(t *testing.T) {
	t.Parallel()
	slower := strings.NewReplacer("timeout: 5s", "timeout: 9s", "request: 5s", "request: 9s")
	rule := `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web
  subsets: [{name: stable, labels: {app: web}}, {name: canary, labels: {app: web}}, {name: other}]
`
	byRule := strings.Replace(istioCanary, "istio: {virtualService: {name: web}}",
		"istio: {virtualService: {name: web}, destinationRule: {name: web, stableSubsetName: stable, canarySubsetName: canary}}", 1)
	subsets := strings.NewReplacer("{host: stable,", "{host: web, subset: stable,", "{host: canary,", "{host: web, subset: canary,")
	both := mirrored(headed(split(20), "beta"), "copy", new(int32(10)))
	for name, tc := range map[string]struct {
		canary string
		// git is what Git says now, and said when the traffic was split that is in force; later is what it says then.
		git, later string
		intent     traffic.Intent
	}{
		"the weights of a VirtualService":              {istioCanary, istioWeb, istioWeb, split(20)},
		"those of one whose routes Git changes":        {istioCanary, istioWeb, slower.Replace(istioWeb), split(20)},
		"those of one whose routes have no names":      {istioCanary, nameless(istioWeb), nameless(istioWeb), headed(split(20), "beta")},
		"header and mirror routes of a VirtualService": {istioCanary, istioWeb, istioWeb, both},
		"the hashes of a DestinationRule":              {byRule, subsets.Replace(istioWeb) + "---" + rule, subsets.Replace(istioWeb) + "---" + rule, split(20)},
		"the weights of an HTTPRoute":                  {gatewayCanary, gatewayWeb, gatewayWeb, split(20)},
		"those of an HTTPRoute whose rules Git changes": {
			gatewayCanary, gatewayWeb, strings.Replace(gatewayWeb, "value: /health", "value: /healthz", 1), split(20),
		},
		"header and mirror rules of an HTTPRoute": {gatewayCanary, gatewayWeb, gatewayWeb, both},
		"the weights of a TraefikService":         {traefikCanary, traefikWeb, traefikWeb, split(20)},
		"the weights of an ApisixRoute":           {apisixCanary, apisixWeb, apisixWeb, split(20)},
		"the paths of an Ingress of ALB":          {albCanary, nginxShop, nginxShop, headed(split(20), "beta")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, tc.canary))
			live := routed(t, router, tc.intent, liveOf(t, tc.git))
			want := routed(t, router, tc.intent, liveOf(t, tc.later))
			got := keptOf(t, router, live, liveOf(t, tc.later))
			if diff := cmp.Diff(bare(want), bare(got)); diff != "" {
				t.Errorf("(-as the router would write it +kept):\n%s", diff)
			}
		})
	}
}

func nameless(object string) string {
	return strings.Replace(object, "name: front\n    match", "match", 1)
}

func TestDestinationsInAnotherOrderKeepTheirOwnWeights(t *testing.T) {
	t.Parallel()
	router := routerOf(t, rolloutOf(t, istioCanary))
	lines := strings.Split(strings.TrimRight(istioWeb, "\n"), "\n")
	last := len(lines) - 1
	lines[last], lines[last-1] = lines[last-1], lines[last]
	turned := strings.Join(lines, "\n")
	live := routed(t, router, split(20), liveOf(t, istioWeb))
	want := routed(t, router, split(20), liveOf(t, turned))
	if diff := cmp.Diff(want, keptOf(t, router, live, liveOf(t, turned))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheActionOfAnIngressIsKeptWhereGitHasOne(t *testing.T) {
	t.Parallel()
	const action = "alb.ingress.kubernetes.io/actions.stable"
	router := routerOf(t, rolloutOf(t, albCanary))
	git := liveOf(t, albWanted("", action+"=mine"))
	live := routed(t, router, split(20), git)
	for ref, object := range keptOf(t, router, live, git) {
		if got, want := object.GetAnnotations()[action], live[ref].GetAnnotations()[action]; got != want {
			t.Errorf("the action is %s, want %s", got, want)
		}
	}
}

func TestTheServicesOfAnExperimentStay(t *testing.T) {
	t.Parallel()
	intent := split(20)
	intent.Stable.Weight, intent.Additional = 70, []traffic.Destination{{Service: "web-trial", Weight: 10}}
	for name, objects := range map[string][2]string{
		"istio": {istioCanary, istioWeb}, "gateway": {gatewayCanary, gatewayWeb},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, objects[0]))
			git := liveOf(t, objects[1])
			live := routed(t, router, intent, git)
			if diff := cmp.Diff(bare(live), bare(keptOf(t, router, live, git))); diff != "" {
				t.Errorf("(-live +kept):\n%s", diff)
			}
		})
	}
}

func TestWhatCannotBeReadIsLeftAlone(t *testing.T) {
	t.Parallel()
	for canary, whole := range map[string]string{
		istioCanary: istioWeb, gatewayCanary: gatewayWeb, traefikCanary: traefikWeb, albCanary: nginxShop,
		apisixCanary: apisixWeb,
	} {
		router := routerOf(t, rolloutOf(t, canary))
		objects := liveOf(t, whole)
		for ref, object := range objects {
			for _, broken := range []map[string]any{nil, {"spec": int64(1)}, {"spec": map[string]any{"http": "x", "rules": "x"}}} {
				odd := &unstructured.Unstructured{Object: maps.Clone(broken)}
				wanted := object.DeepCopy()
				router.Keep(ref, odd, wanted)
				if diff := cmp.Diff(object, wanted); diff != "" {
					t.Errorf("%s: a live object that cannot be read changes what is wanted:\n%s", router.Name(), diff)
				}
				router.Keep(ref, object, odd)
			}
		}
	}
}
