// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

func TestRouters(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		canary string
		want   []string
		why    string
	}{
		"no routing": {"canaryService: canary", nil, ""},
		"all of several, in the order of the peer": {
			"canaryService: canary\nstableService: stable\n" +
				"trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}, nginx: {stableIngress: web}, istio: {virtualService: {name: web}}}",
			[]string{"Istio", "Nginx", "GatewayAPI"}, "",
		},
		"Istio by subset needs no Services": {
			"trafficRouting: {istio: {virtualService: {name: web}, destinationRule: {name: web, canarySubsetName: a, stableSubsetName: b}}}",
			[]string{"Istio"}, "",
		},
		"Istio by host needs Services":        {"trafficRouting: {istio: {virtualService: {name: web}}}", nil, "needs a canaryService"},
		"Istio without a VirtualService":      {"canaryService: canary\nstableService: stable\ntrafficRouting: {istio: {}}", nil, "needs either a virtualService"},
		"Istio with the same one twice":       {"canaryService: canary\nstableService: stable\ntrafficRouting: {istio: {virtualServices: [{name: a}, {name: a.shop}]}}", nil, "twice"},
		"nginx with two ways to name one":     {"canaryService: canary\nstableService: stable\ntrafficRouting: {nginx: {stableIngress: a, stableIngresses: [b]}}", nil, "needs either one Ingress"},
		"nginx with the same one twice":       {"canaryService: canary\nstableService: stable\ntrafficRouting: {nginx: {stableIngresses: [b, b]}}", nil, "twice"},
		"nginx needs Services":                {"trafficRouting: {nginx: {stableIngress: a}}", nil, "needs a canaryService"},
		"a plugin without a route":            {"canaryService: canary\nstableService: stable\ntrafficRouting: {plugins: {argoproj-labs/gatewayAPI: {}}}", nil, "names no route"},
		"a plugin with a nameless route":      {"canaryService: canary\nstableService: stable\ntrafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoutes: [{}]}}}", nil, "without a name"},
		"a plugin that makes no sense":        {"canaryService: canary\nstableService: stable\ntrafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoutes: 1}}}", nil, "the configuration of the plugin"},
		"a plugin that needs Services":        {"trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}}", nil, "needs a canaryService"},
		"ALB needs a port":                    {"canaryService: canary\nstableService: stable\ntrafficRouting: {alb: {ingress: a}}", nil, "needs a servicePort"},
		"ALB with ping and pong needs a root": {"pingPong: {pingService: a, pongService: b}\ntrafficRouting: {alb: {ingress: a, servicePort: 80}}", nil, "a rootService"},
		"ALB that is too sticky":              {"canaryService: canary\nstableService: stable\ntrafficRouting: {alb: {ingress: a, servicePort: 80, stickinessConfig: {enabled: true, durationSeconds: 604801}}}", nil, "durationSeconds"},
		"ALB without an Ingress":              {"canaryService: canary\nstableService: stable\ntrafficRouting: {alb: {servicePort: 80}}", nil, "needs either one Ingress"},
		"SMI needs Services":                  {"trafficRouting: {smi: {}}", nil, "needs a canaryService"},
		"Traefik needs Services":              {"trafficRouting: {traefik: {weightedTraefikServiceName: a}}", nil, "needs a weightedTraefikServiceName"},
		"Apisix needs Services":               {"trafficRouting: {apisix: {route: {name: a}}}", nil, "needs a route.name"},
		"Apisix needs a route":                {"canaryService: canary\nstableService: stable\ntrafficRouting: {apisix: {}}", nil, "needs a route.name"},
		"Apisix with a header route as route": {"canaryService: canary\nstableService: stable\ntrafficRouting: {managedRoutes: [{name: a}], apisix: {route: {name: a}}}", nil, `a header route is called "a" as well`},
		"a plugin that is not known":          {"trafficRouting: {plugins: {example/other: {}}}", nil, `names "example/other"`},
		"a router that is not driven":         {"trafficRouting: {ambassador: {mappings: [a]}}", nil, "trafficRouting.ambassador is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			routers, err := traffic.Routers(rolloutOf(t, tc.canary))
			if (err == nil) != (tc.why == "") || (err != nil && !strings.Contains(err.Error(), tc.why)) {
				t.Fatalf("Routers() = %v, want %q in the error", err, tc.why)
			}
			var names []string
			for _, router := range routers {
				names = append(names, router.Name())
			}
			if diff := cmp.Diff(tc.want, names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// routerCase is a router with objects that are as between two updates.
type routerCase struct {
	canary, live string
}

func routerCases() map[string]routerCase {
	return map[string]routerCase{
		"Gateway API":     {gatewayCanary, gatewayWeb},
		"Istio by host":   {istioCanary, istioWeb},
		"Istio by subset": {istioSubsetCanary, istioSubsets},
		"nginx":           {nginxCanary, nginxShop},
		"ALB":             {albCanary, nginxShop},
		"SMI":             {smiCanary, ""},
		"Traefik":         {traefikCanary, traefikWeb},
		"Apisix":          {apisixCanary, apisixWeb},
	}
}

func TestWeightsThatAreNoParts(t *testing.T) {
	t.Parallel()
	for name, tc := range routerCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, tc.canary))
			for _, pair := range [][2]int32{{20, 79}, {-1, 101}, {101, 0}} {
				intent := split(0)
				intent.Canary.Weight, intent.Stable.Weight = pair[0], pair[1]
				if changes, err := router.Route(intent, liveOf(t, tc.live)); err == nil || len(changes) > 0 {
					t.Errorf("Route of %v = %v, %v, want an error", pair, changes, err)
				}
			}
		})
	}
}

// TestEveryUpdateEndsWhereItBegan walks through random updates: whatever happens on the way, the objects are in the
// end as they were before, save for what a router makes for good.
func TestEveryUpdateEndsWhereItBegan(t *testing.T) {
	t.Parallel()
	for name, tc := range routerCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := rand.New(rand.NewPCG(1, 2))
			rollout := rolloutOf(t, tc.canary)
			router := routerOf(t, rollout)
			start := routed(t, router, split(0), liveOf(t, tc.live))
			live := start
			for range 30 {
				intent := arbitrary(source)
				live = routed(t, router, intent, live)
				rollout.Status.Canary.Weights = &v1alpha1.TrafficWeights{}
				for _, additional := range intent.Additional {
					rollout.Status.Canary.Weights.Additional = append(rollout.Status.Canary.Weights.Additional,
						v1alpha1.WeightDestination{ServiceName: additional.Service})
				}
			}
			if diff := cmp.Diff(start, routed(t, router, split(0), live)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}

// arbitrary returns any intent that makes sense.
func arbitrary(source *rand.Rand) traffic.Intent {
	intent := split(source.Int32N(71))
	for _, name := range []string{"beta", "staff"} {
		if source.IntN(3) == 0 {
			intent = headed(intent, name)
		}
	}
	if source.IntN(3) == 0 {
		intent = mirrored(intent, "copy", new(source.Int32N(101)))
	}
	for _, name := range []string{"trial-a", "trial-b"} {
		if source.IntN(3) == 0 {
			weight := source.Int32N(16)
			intent.Stable.Weight -= weight
			intent.Additional = append(intent.Additional, traffic.Destination{Service: name, Weight: weight, Hash: name})
		}
	}
	return intent
}
