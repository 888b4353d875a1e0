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

const apisixCanary = `
canaryService: canary
stableService: stable
trafficRouting:
  managedRoutes: [{name: beta}, {name: staff}]
  apisix: {route: {name: web, rules: [front, api]}}
`

const apisixWeb = `
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: web, namespace: shop, labels: {app.kubernetes.io/instance: shop}, annotations: {team: a}}
spec:
  ingressClassName: apisix
  http:
  - name: front
    match: {hosts: [shop.example.com], paths: [/*], exprs: [{subject: {scope: Cookie, name: plan}, op: Equal, value: gold}]}
    plugins: [{name: cors, enable: true}]
    backends: [{serviceName: stable, servicePort: 80, weight: 100}, {serviceName: canary, servicePort: 80, weight: 0}]
  - name: other
    match: {paths: [/other]}
    backends: [{serviceName: other, servicePort: 80}]
  - name: api
    priority: 7
    match: {paths: [/api/*]}
    backends: [{serviceName: stable, servicePort: 80}, {serviceName: canary, servicePort: 80}, {serviceName: cache, servicePort: 80, weight: 3}]
`

// apisixHTTP returns the rules of an ApisixRoute, nil where there is none.
func apisixHTTP(live traffic.Live, name string) any {
	for ref, object := range live {
		if ref.Name == name {
			return object.Object["spec"].(map[string]any)["http"] //nolint:forcetypeassert // The test fails anyway.
		}
	}
	return nil
}

func TestApisixWeights(t *testing.T) {
	t.Parallel()
	router := routerOf(t, rolloutOf(t, apisixCanary))
	live := routed(t, router, split(30), liveOf(t, apisixWeb))
	want := liveOf(t, strings.NewReplacer(
		"servicePort: 80, weight: 100}", "servicePort: 80, weight: 70}", "servicePort: 80, weight: 0}", "servicePort: 80, weight: 30}",
		"{serviceName: stable, servicePort: 80}, {serviceName: canary, servicePort: 80}", "{serviceName: stable, servicePort: 80, weight: 70}, {serviceName: canary, servicePort: 80, weight: 30}",
	).Replace(apisixWeb))
	if diff := cmp.Diff(want, live); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestApisixHeaderRoutes(t *testing.T) {
	t.Parallel()
	router := routerOf(t, rolloutOf(t, apisixCanary))
	live := routed(t, router, headed(split(30), "beta"), liveOf(t, apisixWeb))
	want := liveOf(t, `
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata:
  name: beta
  namespace: shop
  ownerReferences:
  - {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, uid: uid-of-web, controller: true, blockOwnerDeletion: true}
spec:
  ingressClassName: apisix
  http:
  - name: front
    priority: 1
    match:
      hosts: [shop.example.com]
      paths: [/*]
      exprs:
      - {subject: {scope: Cookie, name: plan}, op: Equal, value: gold}
      - {subject: {scope: Header, name: X-beta}, op: Equal, value: "yes"}
    plugins: [{name: cors, enable: true}]
    backends: [{serviceName: canary, servicePort: 80, weight: 100}]
  - name: api
    priority: 8
    match: {paths: [/api/*], exprs: [{subject: {scope: Header, name: X-beta}, op: Equal, value: "yes"}]}
    backends: [{serviceName: canary, servicePort: 80, weight: 100}, {serviceName: cache, servicePort: 80, weight: 3}]
`)
	for ref, object := range want {
		if diff := cmp.Diff(object, live[ref]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	live = routed(t, router, headed(split(60), "staff"), live)
	if apisixHTTP(live, "beta") != nil || apisixHTTP(live, "staff") == nil {
		t.Error("the header route that is over stays, or the other one does not come")
	}
}

func TestApisixMatchesHeaders(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		match *v1alpha1.StringMatch
		want  map[string]any
	}{
		"exactly":             {&v1alpha1.StringMatch{Exact: "a.b"}, map[string]any{"op": "Equal", "value": "a.b"}},
		"by an expression":    {&v1alpha1.StringMatch{Regex: "a.b"}, map[string]any{"op": "RegexMatch", "value": "a.b"}},
		"by how they begin":   {&v1alpha1.StringMatch{Prefix: "a.b"}, map[string]any{"op": "RegexMatch", "value": `^a\.b.*`}},
		"by being there":      {nil, map[string]any{"op": "RegexMatch", "value": ".*"}},
		"by being there, too": {&v1alpha1.StringMatch{}, map[string]any{"op": "RegexMatch", "value": ".*"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			intent := split(0)
			intent.Headers = []v1alpha1.SetHeaderRoute{{Name: "beta", Match: []v1alpha1.HeaderRoutingMatch{{HeaderName: "X", HeaderValue: tc.match}}}}
			live := routed(t, routerOf(t, rolloutOf(t, apisixCanary)), intent, liveOf(t, apisixWeb))
			rule := apisixHTTP(live, "beta").([]any)[1].(map[string]any) //nolint:forcetypeassert // The test fails anyway.
			got := rule["match"].(map[string]any)["exprs"]               //nolint:forcetypeassert // The test fails anyway.
			tc.want["subject"] = map[string]any{"scope": "Header", "name": "X"}
			if diff := cmp.Diff([]any{tc.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestApisixIsNotDriven(t *testing.T) {
	t.Parallel()
	const foreign = apisixWeb + `
---
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: beta, namespace: shop}
spec: {http: [{name: theirs, match: {paths: [/]}, backends: [{serviceName: theirs, servicePort: 80}]}]}
`
	for name, tc := range map[string]struct{ live, why string }{
		"without the route":              {"", "ApisixRoute shop/web is missing"},
		"without a rule":                 {strings.Replace(apisixWeb, "name: api", "name: API", 1), `has no rule "api" in spec.http`},
		"without a Service":              {strings.ReplaceAll(apisixWeb, "serviceName: canary", "serviceName: none"), `does not have both of the Services stable and canary`},
		"over somebody else's route":     {foreign, "ApisixRoute shop/beta is not the Rollout's"},
		"with backends that are no list": {strings.Replace(apisixWeb, "backends: [{serviceName: other", "backends: [x, {serviceName: other", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, apisixCanary))
			live := liveOf(t, tc.live)
			changes, err := router.Route(headed(split(20), "beta"), live)
			validated := router.Validate(live)
			if tc.why == "" {
				if err != nil || validated != nil {
					t.Errorf("a rule that is not driven is in the way: %v, %v", err, validated)
				}
				return
			}
			if err == nil || validated == nil || !strings.Contains(err.Error(), tc.why) || len(changes) > 0 {
				t.Errorf("Route = %v, %v, Validate = %v, want %q", changes, err, validated, tc.why)
			}
		})
	}
}

func TestApisixRuleOfTheRoutesName(t *testing.T) {
	t.Parallel()
	canary := strings.Replace(apisixCanary, ", rules: [front, api]", "", 1)
	live := routed(t, routerOf(t, rolloutOf(t, canary)), split(25), liveOf(t, strings.Replace(apisixWeb, "name: front", "name: web", 1)))
	first := apisixHTTP(live, "web").([]any)[0].(map[string]any)["backends"].([]any)[1] //nolint:forcetypeassert // The test fails anyway.
	if diff := cmp.Diff(map[string]any{"serviceName": "canary", "servicePort": int64(80), "weight": int64(25)}, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
