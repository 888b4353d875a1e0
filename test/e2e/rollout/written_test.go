// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

const services = `
canaryService: canary
stableService: stable
trafficRouting:
  managedRoutes: [{name: copy}, {name: beta}]
`

// users returns what users wrote, and how their Rollouts name it, for each router.
func users() map[string]struct{ canary, objects string } {
	return map[string]struct{ canary, objects string }{
		"HTTPRoute": {services + "  plugins: {argoproj-labs/gatewayAPI: {httpRoute: http}}", `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: http, namespace: default}
spec:
  parentRefs: [{name: edge}]
  hostnames: [shop.example.com]
  rules:
  - name: front
    matches: [{path: {type: PathPrefix, value: /shop}}]
    filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /x}}}]
    backendRefs: [{name: stable, port: 80}, {name: canary, port: 80, weight: 0}]
  - backendRefs: [{name: stable, port: 80}, {name: canary, port: 80, weight: 0}]
`},
		"GRPCRoute": {services + "  plugins: {argoproj-labs/gatewayAPI: {grpcRoute: grpc}}", `
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: grpc, namespace: default}
spec:
  parentRefs: [{name: edge}]
  rules:
  - matches: [{method: {service: shop.Cart}}]
    backendRefs: [{name: stable, port: 80}, {name: canary, port: 80, weight: 0}]
  - backendRefs: [{name: stable, port: 80}, {name: canary, port: 80, weight: 0}]
`},
		"TCPRoute": {services + "  plugins: {argoproj-labs/gatewayAPI: {tcpRoute: tcp}}", `
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: tcp, namespace: default}
spec:
  parentRefs: [{name: edge}]
  rules: [{backendRefs: [{name: stable, port: 80}, {name: canary, port: 80, weight: 0}]}]
`},
		"TLSRoute": {services + "  plugins: {argoproj-labs/gatewayAPI: {tlsRoute: tls}}", `
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: tls, namespace: default}
spec:
  parentRefs: [{name: edge}]
  hostnames: [shop.example.com]
  rules: [{backendRefs: [{name: stable, port: 80}, {name: canary, port: 80, weight: 0}]}]
`},
		"APISIX": {services + "  apisix: {route: {name: apisix, rules: [front]}}", `
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: apisix, namespace: default}
spec:
  ingressClassName: apisix
  http:
  - name: front
    match: {hosts: [shop.example.com], paths: [/*], exprs: [{subject: {scope: Cookie, name: plan}, op: Equal, value: gold}]}
    backends: [{serviceName: stable, servicePort: 80, weight: 100}, {serviceName: canary, servicePort: 80, weight: 0}]
  - name: other
    match: {paths: [/other]}
    backends: [{serviceName: other, servicePort: 80}]
`},
		"Istio by host": {services + "  istio: {virtualService: {name: web}}", `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: default}
spec:
  hosts: [shop.example.com]
  http: [{route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}, weight: 0}]}]
  tls: [{match: [{port: 443, sniHosts: [a]}], route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}]
  tcp: [{route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}}]}]
`},
		"Istio by subset": {`
trafficRouting:
  managedRoutes: [{name: copy}, {name: beta}]
  istio: {virtualService: {name: subsets}, destinationRule: {name: subsets, canarySubsetName: new, stableSubsetName: old}}
`, `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: subsets, namespace: default}
spec:
  hosts: [web]
  http: [{route: [{destination: {host: web, subset: old}, weight: 100}, {destination: {host: web, subset: new}, weight: 0}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: subsets, namespace: default}
spec:
  host: web
  subsets: [{name: old, labels: {app: web}}, {name: new, labels: {app: web}, trafficPolicy: {tls: {mode: DISABLE}}}]
`},
	}
}

// update is what the traffic should be, step by step, from the first setWeight to the promotion.
func update() []traffic.Intent {
	weights := func(canary, trial int32) traffic.Intent {
		return traffic.Intent{
			Canary: traffic.Destination{Service: "canary", Hash: "new", Weight: canary},
			Stable: traffic.Destination{Service: "stable", Hash: "old", Weight: 100 - canary - trial},
			Max:    100,
		}
	}
	headers := []v1alpha1.SetHeaderRoute{{Name: "beta", Match: []v1alpha1.HeaderRoutingMatch{
		{HeaderName: "x-beta", HeaderValue: &v1alpha1.StringMatch{Prefix: "yes"}},
		{HeaderName: "x-team", HeaderValue: &v1alpha1.StringMatch{Exact: "shop"}},
	}}}
	mirrors := []v1alpha1.SetMirrorRoute{{Name: "copy", Percentage: new(int32(25)), Match: []v1alpha1.RouteMatch{{
		Method: &v1alpha1.StringMatch{Exact: "GET"}, Path: &v1alpha1.StringMatch{Regex: "/api/.*"},
		Headers: map[string]v1alpha1.StringMatch{"x-region": {Exact: "eu"}},
	}}}}
	mirrored, both, trial := weights(10, 0), weights(50, 0), weights(20, 10)
	mirrored.Mirrors = mirrors
	both.Mirrors, both.Headers = mirrors, headers
	trial.Additional = []traffic.Destination{{Service: "trial", Hash: "try", Weight: 10, Port: 8080}}
	return []traffic.Intent{weights(0, 0), mirrored, trial, both, weights(100, 0), weights(0, 0)}
}

func TestAPIServersTakeWhatRoutersWrite(t *testing.T) {
	t.Parallel()
	known := newAuthor(t)
	for name, user := range users() {
		t.Run(name, func(t *testing.T) {
			s := *known
			s.Steps = steps.Steps{T: t}
			s.apply(user.objects)
			router := s.routerOf(user.canary)
			s.OK(router.Validate(s.read(router)))
			var specs []map[string]any
			for _, intent := range update() {
				s.route(router, intent)
				specs = append(specs, s.specs(router))
			}
			first, last := specs[0], specs[len(specs)-1]
			if diff := cmp.Diff(first, last); diff != "" {
				t.Errorf("the update leaves traces (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(first, specs[1]); diff == "" {
				t.Error("the first step of the update changes nothing")
			}
		})
	}
}

// specs returns what was said of the traffic, by object.
func (s *author) specs(router traffic.Router) map[string]any {
	s.Helper()
	specs := map[string]any{}
	for ref, object := range s.read(router) {
		specs[ref.String()] = object.Object["spec"]
		specs[ref.String()+" annotations"] = object.GetAnnotations()
	}
	return specs
}
