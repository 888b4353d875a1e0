// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

const istioCanary = `
canaryService: canary
stableService: stable
trafficRouting:
  managedRoutes: [{name: copy}, {name: beta}, {name: staff}]
  istio: {virtualService: {name: web}}
`

const istioWeb = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop, resourceVersion: "7"}
spec:
  gateways: [edge]
  hosts: [shop.example.com]
  http:
  - name: front
    match: [{uri: {prefix: /}}]
    timeout: 5s
    route:
    - {destination: {host: stable, port: {number: 80}}, headers: {request: {set: {a: b}}}, weight: 100}
    - {destination: {host: canary, port: {number: 81}}, weight: 0}
`

const istioBeta = `
  - name: beta
    match: [{headers: {X-beta: {exact: "yes"}}}]
    route:
    - {destination: {host: canary, port: {number: 81}}, weight: 100}
`

const istioCopy = `
  - name: copy
    match: [{method: {exact: GET}, uri: {prefix: /api}}]
    mirror: {host: canary, port: {number: 81}}
    mirrorPercentage: {value: 10}
    route:
    - {destination: {host: stable, port: {number: 80}}, headers: {request: {set: {a: b}}}, weight: 80}
    - {destination: {host: canary, port: {number: 81}}, weight: 20}
`

// istioWeights sets the weights of both Services in istioWeb, and puts routes before those of the user.
func istioWeights(stable, canary, before string) string {
	web := strings.NewReplacer("weight: 100", "weight: "+stable, "weight: 0", "weight: "+canary).Replace(istioWeb)
	return strings.Replace(web, "  http:\n", "  http:\n"+before, 1)
}

func TestIstioRoute(t *testing.T) {
	t.Parallel()
	experiment := split(20)
	experiment.Stable.Weight = 70
	experiment.Additional = []traffic.Destination{{Service: "trial", Weight: 10}}
	tls := strings.NewReplacer("http:", "tls:", "uri: {prefix: /}", "sniHosts: [a], port: 443", "    timeout: 5s\n", "",
		"    - name: front\n", "    -\n").Replace(istioWeb)
	moved := func(service string) string {
		return strings.NewReplacer("weight: 100", "weight: 80", "weight: 0", "weight: 20").Replace(service)
	}
	qualified := strings.NewReplacer("host: stable", "host: stable.shop.svc.cluster.local", "host: canary", "host: canary.shop")
	for name, tc := range map[string]struct {
		live   string
		intent traffic.Intent
		want   string
	}{
		"moves weight":                             {istioWeb, split(20), istioWeights("80", "20", "")},
		"leaves a service alone as intended":       {istioWeb, split(0), istioWeb},
		"moves weight of whole host names":         {qualified.Replace(istioWeb), split(20), qualified.Replace(moved(istioWeb))},
		"moves weight in TLS routes":               {tls, split(20), moved(tls)},
		"moves weight in TCP routes":               {strings.Replace(tls, "tls:", "tcp:", 1), split(20), moved(strings.Replace(tls, "tls:", "tcp:", 1))},
		"writes the weight that was left out":      {strings.Replace(istioWeb, ", weight: 0", "", 1), split(0), istioWeb},
		"adds a header route":                      {istioWeb, headed(split(0), "beta"), istioWeights("100", "0", istioBeta)},
		"adds a mirror route":                      {istioWeb, mirrored(split(20), "copy", new(int32(10))), istioWeights("80", "20", istioCopy)},
		"takes routes away":                        {istioWeights("80", "20", istioCopy+istioBeta), split(20), istioWeights("80", "20", "")},
		"replaces a route":                         {istioWeights("80", "20", strings.Replace(istioBeta, "yes", "no", 1)), headed(split(20), "beta"), istioWeights("80", "20", istioBeta)},
		"moves weight in a mirror route":           {istioWeights("100", "0", istioCopy), mirrored(split(20), "copy", new(int32(10))), istioWeights("80", "20", istioCopy)},
		"mirrors all where no percentage is given": {istioWeb, mirrored(split(20), "copy", nil), istioWeights("80", "20", strings.Replace(istioCopy, "value: 10", "value: 100", 1))},
		"orders routes as managedRoutes does": {
			istioWeights("80", "20", strings.ReplaceAll(istioBeta, "beta", "staff")),
			mirrored(headed(split(20), "staff", "beta"), "copy", new(int32(10))),
			istioWeights("80", "20", istioCopy+istioBeta+strings.ReplaceAll(istioBeta, "beta", "staff")),
		},
		"adds the Services of an Experiment": {
			istioWeb, experiment, strings.Replace(istioWeights("70", "20", ""), "weight: 20}",
				"weight: 20}\n    - {destination: {host: trial}, weight: 10}", 1),
		},
		"keeps a destination that nobody told us of": {
			istioWeb + "    - {destination: {host: mine}, weight: 5}\n", split(20),
			istioWeights("80", "20", "") + "    - {destination: {host: mine}, weight: 5}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := routed(t, routerOf(t, rolloutOf(t, istioCanary)), tc.intent, liveOf(t, tc.live))
			if diff := cmp.Diff(liveOf(t, tc.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const istioSubsetCanary = `
trafficRouting:
  managedRoutes: [{name: copy}, {name: beta}, {name: staff}]
  istio:
    virtualService: {name: web}
    destinationRule: {name: web, canarySubsetName: new, stableSubsetName: old, additionalSubsetNames: [pinned]}
`

const istioSubsets = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  http:
  - route:
    - {destination: {host: web, subset: old}, weight: 70}
    - {destination: {host: web, subset: new}, weight: 0}
    - {destination: {host: web, subset: pinned}, weight: 30}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: web
  namespace: shop
  annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: web}
spec:
  host: web
  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}
  subsets:
  - {name: old, labels: {app: web, rollouts-pod-template-hash: old}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
  - {name: new, labels: {app: web, rollouts-pod-template-hash: new}}
  - {name: pinned, labels: {version: v1}}
`

func TestIstioSubsets(t *testing.T) {
	t.Parallel()
	experiment := split(20)
	experiment.Stable.Weight = 70
	experiment.Additional = []traffic.Destination{{Service: "trial", Weight: 10, Hash: "try"}}
	other := split(20)
	other.Canary.Hash = "newer"
	empty := split(0)
	empty.Canary.Hash = ""
	for name, tc := range map[string]struct {
		live   string
		intent traffic.Intent
		want   *strings.Replacer
	}{
		"leaves all alone as intended": {istioSubsets, split(0), strings.NewReplacer()},
		"takes the weight of further subsets from the stable pods": {
			istioSubsets, split(20), strings.NewReplacer("weight: 70", "weight: 50", "weight: 0", "weight: 20"),
		},
		"never sets a weight below nothing": {
			istioSubsets, split(90), strings.NewReplacer("weight: 70", "weight: 0", "weight: 0", "weight: 90"),
		},
		"selects the pods of another revision": {
			istioSubsets, other, strings.NewReplacer("weight: 70", "weight: 50", "weight: 0", "weight: 20", "hash: new", "hash: newer"),
		},
		"selects no hash where there is none": {
			istioSubsets, empty, strings.NewReplacer(", rollouts-pod-template-hash: new", ""),
		},
		"says whose the subsets are": {
			strings.Replace(istioSubsets, "  annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: web}\n", "", 1),
			split(0), strings.NewReplacer(),
		},
		"makes a subset for an Experiment": {
			istioSubsets, experiment, strings.NewReplacer("weight: 70", "weight: 40", "weight: 0", "weight: 20",
				"weight: 30}", "weight: 30}\n    - {destination: {host: trial}, weight: 10}",
				"labels: {version: v1}}", "labels: {version: v1}}\n  - {name: trial, labels: {rollouts-pod-template-hash: try}}"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := routed(t, routerOf(t, rolloutOf(t, istioSubsetCanary)), tc.intent, liveOf(t, tc.live))
			if diff := cmp.Diff(liveOf(t, tc.want.Replace(istioSubsets)), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIstioWritesInTheOrderThatIsSafe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		intent traffic.Intent
		want   []string
	}{
		"hashes before weights as traffic moves to the canary": {split(20), []string{"DestinationRule", "VirtualService"}},
		"weights before hashes as traffic leaves the canary":   {split(0), []string{"VirtualService", "DestinationRule"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.intent.Canary.Hash = "newer"
			live := liveOf(t, strings.NewReplacer("weight: 70", "weight: 60", "weight: 0", "weight: 10").Replace(istioSubsets))
			changes, err := routerOf(t, rolloutOf(t, istioSubsetCanary)).Route(tc.intent, live)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, change := range changes {
				kinds = append(kinds, change.Kind)
			}
			if diff := cmp.Diff(tc.want, kinds); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIstioRemovesTheServicesOfAnEndedExperimentAlone(t *testing.T) {
	t.Parallel()
	rollout := rolloutOf(t, istioSubsetCanary)
	rollout.Status.Canary.Weights = &v1alpha1.TrafficWeights{
		// A Service may have the name of a subset, which is not the Experiment's for that.
		Additional: []v1alpha1.WeightDestination{{ServiceName: "trial", Weight: 10}, {ServiceName: "new"}},
	}
	during := strings.NewReplacer("weight: 30}", "weight: 30}\n    - {destination: {host: trial}, weight: 10}",
		"labels: {version: v1}}", "labels: {version: v1}}\n  - {name: trial, labels: {rollouts-pod-template-hash: try}}")
	got := routed(t, routerOf(t, rollout), split(0), liveOf(t, during.Replace(istioSubsets)))
	if diff := cmp.Diff(liveOf(t, istioSubsets), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIstioRoutesByName(t *testing.T) {
	t.Parallel()
	const many = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  http:
  - {name: one, route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}
  - {name: two, route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}
  - {name: three, route: [{destination: {host: other}}]}
  tls:
  - {match: [{port: 443, sniHosts: [a, b]}], route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}
  - {match: [{port: 443, sniHosts: [a]}], route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}
  tcp:
  - {match: [{port: 3306}], route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}
  - {match: [{port: 3307}], route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}
`
	for name, tc := range map[string]struct {
		service string
		// moved are the routes that carry a weight of the canary afterwards.
		moved []string
		why   string
	}{
		"named routes": {
			"routes: [one, two], tlsRoutes: [{port: 443, sniHosts: [b, a]}], tcpRoutes: [{port: 3307}]",
			[]string{"http/0", "http/1", "tls/0", "tcp/1"}, "",
		},
		"no names where there are several": {"tlsRoutes: [{port: 443, sniHosts: [a]}], tcpRoutes: [{port: 3307}]", nil, "3 http routes"},
		"a name that no route has":         {"routes: [four]", nil, `there is no http route such as the Rollout names: "four"`},
		"hosts that no route has":          {"routes: [one], tlsRoutes: [{port: 443, sniHosts: [c]}]", nil, `no tls route such as the Rollout names: {"port":443,"sniHosts":["c"]}`},
		"a port that no route has":         {"routes: [one], tlsRoutes: [{port: 443, sniHosts: [a]}], tcpRoutes: [{port: 1}]", nil, "no tcp route"},
		"a route of another Service":       {"routes: [three], tlsRoutes: [{port: 443, sniHosts: [a]}], tcpRoutes: [{port: 3307}]", nil, "no destination for the Service canary"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := rolloutOf(t, "canaryService: canary\nstableService: stable\ntrafficRouting: {istio: {virtualService: {name: web, "+tc.service+"}}}")
			router := routerOf(t, rollout)
			err := router.Validate(liveOf(t, many))
			if tc.why != "" {
				if err == nil || !strings.Contains(err.Error(), tc.why) {
					t.Errorf("Validate = %v, want %q in it", err, tc.why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			after := routed(t, router, split(20), liveOf(t, many))
			if diff := cmp.Diff(tc.moved, weighed(after)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// weighed returns the routes whose second destination has a weight.
func weighed(live traffic.Live) []string {
	var routes []string
	for _, service := range live {
		spec := service.Object["spec"].(map[string]any) //nolint:forcetypeassert // It is what the test wrote.
		for _, kind := range []string{"http", "tls", "tcp"} {
			for index, route := range spec[kind].([]any) { //nolint:forcetypeassert // As above.
				destinations := route.(map[string]any)["route"].([]any) //nolint:forcetypeassert // As above.
				if len(destinations) < 2 {
					continue
				}
				if destinations[1].(map[string]any)["weight"] == int64(20) { //nolint:forcetypeassert // As above.
					routes = append(routes, kind+"/"+string(rune('0'+index)))
				}
			}
		}
	}
	return routes
}

func TestIstioServicesThatCannotBeDriven(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		canary string
		live   string
		why    string
	}{
		"a VirtualService that is missing":   {istioCanary, "", "the VirtualService shop/web is missing"},
		"no routes at all":                   {istioCanary, istioWeb[:strings.Index(istioWeb, "  http:")], "neither http, tls nor tcp"},
		"routes that are no list":            {istioCanary, istioWeb[:strings.Index(istioWeb, "  http:")] + "  http: {}", "spec.http is not a list"},
		"the Service of the name elsewhere":  {istioCanary, strings.ReplaceAll(istioWeb, "host: canary", "host: canary.bank"), "the Service canary"},
		"a DestinationRule that is missing":  {istioSubsetCanary, strings.Split(istioSubsets, "\n---\n")[0], "the DestinationRule shop/web is missing"},
		"a DestinationRule without a subset": {istioSubsetCanary, strings.Replace(istioSubsets, "{name: new, labels", "{name: x, labels", 1), `no subset "new"`},
		"a route without a subset":           {istioSubsetCanary, strings.Replace(istioSubsets, "subset: new", "subset: x", 1), "the subset new"},
		"a foreign service that names its own": {
			strings.Replace(istioCanary, "name: web}", "name: web.bank}", 1),
			strings.Replace(istioWeb, "namespace: shop", "namespace: bank", 1), "the Service canary",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, tc.canary))
			live := liveOf(t, tc.live)
			if err := router.Validate(live); err == nil || !strings.Contains(err.Error(), tc.why) {
				t.Errorf("Validate = %v, want %q in it", err, tc.why)
			}
			if changes, err := router.Route(split(20), live); err == nil || len(changes) > 0 {
				t.Errorf("Route = %v, %v, want an error and no change", changes, err)
			}
		})
	}
}

func TestIstioServiceOfAnotherNamespace(t *testing.T) {
	t.Parallel()
	canary := strings.Replace(istioCanary, "name: web}", "name: web.edge}", 1)
	elsewhere := func(service string) string {
		return strings.NewReplacer("namespace: shop", "namespace: edge", "host: stable", "host: stable.shop",
			"host: canary", "host: canary.shop").Replace(service)
	}
	experiment := split(20)
	experiment.Stable.Weight = 70
	experiment.Additional = []traffic.Destination{{Service: "trial", Weight: 10, Port: 8080}}
	got := routed(t, routerOf(t, rolloutOf(t, canary)), experiment, liveOf(t, elsewhere(istioWeb)))
	want := strings.Replace(elsewhere(istioWeights("70", "20", "")), "weight: 20}", `weight: 20}
    - {destination: {host: trial.shop.svc.cluster.local, port: {number: 8080}}, weight: 10}`, 1)
	if diff := cmp.Diff(liveOf(t, want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
