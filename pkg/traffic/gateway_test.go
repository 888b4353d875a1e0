// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

const gatewayCanary = `
canaryService: canary
stableService: stable
trafficRouting:
  managedRoutes: [{name: copy}, {name: beta}, {name: staff}]
  plugins:
    argoproj-labs/gatewayAPI:
      httpRoute: web
`

// gatewayWeb is a route as it is between two updates, with all that an API server fills in.
const gatewayWeb = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
  resourceVersion: "7"
  labels: {team: a}
spec:
  hostnames: [shop.example.com]
  parentRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}]
  rules:
  - name: front
    matches: [{path: {type: PathPrefix, value: /}, method: GET}]
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}]
    timeouts: {request: 5s}
    backendRefs:
    - {group: "", kind: Service, name: stable, port: 80, weight: 100}
    - {group: "", kind: Service, name: canary, port: 81, weight: 0}
  - matches: [{path: {type: Exact, value: /health}}]
    backendRefs:
    - {group: "", kind: Service, name: other, port: 80, weight: 1}
`

// weightsOf sets the weights of both Services in gatewayWeb, and marks it as an update in progress does.
func weightsOf(stable, canary string) string {
	marked := strings.Replace(gatewayWeb, "labels: {team: a}",
		`annotations: {rollouts.argoproj.io/gatewayapi-active-rollouts: "shop/web"}
  labels: {team: a, rollouts.argoproj.io/gatewayapi-canary: in-progress}`, 1)
	return strings.NewReplacer("weight: 100", "weight: "+stable, "weight: 0", "weight: "+canary).Replace(marked)
}

// withRules adds rules before and after those of a route.
func withRules(route, before, after string) string {
	return strings.Replace(route, "  rules:\n", "  rules:\n"+before, 1) + after
}

const gatewayBeta = `
  - name: beta
    matches: [{path: {type: PathPrefix, value: /}, method: GET, headers: [{name: X-beta, type: Exact, value: "yes"}]}]
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}]
    timeouts: {request: 5s}
    backendRefs:
    - {group: "", kind: Service, name: canary, port: 81, weight: 1}
`

const gatewayCopy = `
  - name: copy
    matches: [{path: {type: PathPrefix, value: /api}, method: GET}]
    filters:
    - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}
    - type: RequestMirror
      requestMirror: {backendRef: {group: "", kind: Service, name: canary, port: 81}, percent: 10}
    timeouts: {request: 5s}
    backendRefs:
    - {group: "", kind: Service, name: stable, port: 80, weight: 80}
    - {group: "", kind: Service, name: canary, port: 81, weight: 20}
`

func TestGatewayRoute(t *testing.T) {
	t.Parallel()
	experiment := split(20)
	experiment.Stable.Weight = 70
	experiment.Additional = []traffic.Destination{{Service: "trial", Weight: 10, Port: 8080}}
	for name, tc := range map[string]struct {
		live   string
		intent traffic.Intent
		want   string
	}{
		"moves weight in the rule that has both Services, and marks the route": {
			gatewayWeb, split(20), weightsOf("80", "20"),
		},
		"leaves a route alone that is as intended": {gatewayWeb, split(0), gatewayWeb},
		"leaves empty labels alone": {
			strings.Replace(gatewayWeb, "labels: {team: a}", "labels: {}", 1), split(0),
			strings.Replace(gatewayWeb, "labels: {team: a}", "labels: {}", 1),
		},
		"takes the mark off when the canary has nothing left": {
			weightsOf("80", "20"), split(0), gatewayWeb,
		},
		"keeps the mark of another Rollout that shares the route": {
			strings.Replace(weightsOf("80", "20"), "shop/web", "shop/aaa,shop/web", 1), split(0),
			strings.Replace(weightsOf("100", "0"), "shop/web", "shop/aaa", 1),
		},
		"adds a header route after the rules of the user": {
			gatewayWeb, headed(split(0), "beta"), withRules(weightsOf("100", "0"), "", gatewayBeta),
		},
		"orders header routes as managedRoutes does": {
			gatewayWeb, headed(split(0), "staff", "beta"), withRules(weightsOf("100", "0"), "", gatewayBeta+
				strings.NewReplacer("beta", "staff").Replace(gatewayBeta)),
		},
		"takes a header route away that is no longer in force": {
			withRules(weightsOf("80", "20"), "", gatewayBeta), split(20), weightsOf("80", "20"),
		},
		"replaces a header route whose match has changed": {
			withRules(weightsOf("80", "20"), "", strings.Replace(gatewayBeta, `"yes"`, `"no"`, 1)),
			headed(split(20), "beta"), withRules(weightsOf("80", "20"), "", gatewayBeta),
		},
		"mirrors in a rule before those of the user": {
			gatewayWeb, mirrored(split(20), "copy", new(int32(10))), withRules(weightsOf("80", "20"), gatewayCopy, ""),
		},
		"mirrors all where the step gives no percentage": {
			withRules(weightsOf("80", "20"), gatewayCopy, ""), mirrored(split(20), "copy", nil),
			withRules(weightsOf("80", "20"), strings.Replace(gatewayCopy, ", percent: 10", "", 1), ""),
		},
		"moves weight in a mirror rule as well": {
			withRules(weightsOf("100", "0"), gatewayCopy, gatewayBeta),
			mirrored(split(20), "copy", new(int32(10))), withRules(weightsOf("80", "20"), gatewayCopy, ""),
		},
		"adds the Services of an Experiment": {
			gatewayWeb, experiment, strings.Replace(weightsOf("70", "20"),
				"port: 81, weight: 20}", `port: 81, weight: 20}
    - {group: "", kind: Service, name: trial, port: 8080, weight: 10}`, 1),
		},
		"knows the namespace of a Service": {
			strings.Replace(gatewayWeb, "name: stable,", "name: stable, namespace: shop,", 1), split(20),
			strings.Replace(weightsOf("80", "20"), "name: stable,", "name: stable, namespace: shop,", 1),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, gatewayCanary))
			got := routed(t, router, tc.intent, liveOf(t, tc.live))
			if diff := cmp.Diff(liveOf(t, tc.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGatewayKnowsItsRulesWithoutTheirNames(t *testing.T) {
	t.Parallel()
	rollout := rolloutOf(t, gatewayCanary+`
steps:
- setHeaderRoute: {name: beta, match: [{headerName: X-beta, headerValue: {exact: "yes"}}]}
- setMirrorRoute:
    name: copy
    percentage: 10
    match: [{method: {exact: GET}, path: {prefix: /api}}]
`)
	unnamed := strings.NewReplacer("name: beta\n    ", "", "name: copy\n    ", "", "name: front\n    ", "")
	live := liveOf(t, unnamed.Replace(withRules(weightsOf("80", "20"), gatewayCopy, gatewayBeta)))
	intent := mirrored(headed(split(20), "beta"), "copy", new(int32(10)))
	if diff := cmp.Diff(live, routed(t, routerOf(t, rollout), intent, live)); diff != "" {
		t.Errorf("rules that lost their names are written again (-want +got):\n%s", diff)
	}
	want := liveOf(t, unnamed.Replace(gatewayWeb))
	if diff := cmp.Diff(want, routed(t, routerOf(t, rollout), split(0), live)); diff != "" {
		t.Errorf("rules that lost their names are left behind (-want +got):\n%s", diff)
	}
}

func TestGatewayRemovesTheServicesOfAnEndedExperimentAlone(t *testing.T) {
	t.Parallel()
	rollout := rolloutOf(t, gatewayCanary)
	rollout.Status.Canary.Weights = &v1alpha1.TrafficWeights{
		Additional: []v1alpha1.WeightDestination{{ServiceName: "trial", Weight: 10}},
	}
	backends := `port: 81, weight: 0}
    - {group: "", kind: Service, name: mine, port: 80, weight: 5}
    - {group: "", kind: Service, name: trial, port: 80, weight: 10}`
	live := liveOf(t, strings.Replace(gatewayWeb, "port: 81, weight: 0}", backends, 1))
	kept, _, _ := strings.Cut(backends, "\n    - {group: \"\", kind: Service, name: trial")
	want := liveOf(t, strings.Replace(gatewayWeb, "port: 81, weight: 0}", kept, 1))
	if diff := cmp.Diff(want, routed(t, routerOf(t, rollout), split(0), live)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGatewayConfiguration(t *testing.T) {
	t.Parallel()
	two := gatewayWeb + "---\n" + strings.NewReplacer("name: web", "name: api", "team: a", "team: b").Replace(gatewayWeb)
	for name, tc := range map[string]struct {
		config string
		live   string
		// moved are the names of the routes that are written.
		moved []string
	}{
		"a list of routes":                   {"httpRoutes: [{name: web}, {name: api}]", two, []string{"web", "api"}},
		"one route named in both ways":       {"httpRoute: web\nhttpRoutes: [{name: web}]", two, []string{"web"}},
		"a selector":                         {"httpRouteSelector: {matchLabels: {team: b}}", two, []string{"api"}},
		"a name and a selector":              {"httpRoute: web\nhttpRouteSelector: {}", two, []string{"web", "api"}},
		"the name of a rule":                 {"httpRoute: web\nhttpRouteRuleName: front", two, []string{"web"}},
		"no mark":                            {"httpRoute: web\ndisableInProgressLabel: true", two, []string{"web"}},
		"the namespace of the Rollout":       {"httpRoute: web\nnamespace: shop", two, []string{"web"}},
		"what other plugins' versions wrote": {"httpRoute: web\nconfigMap: x\nmirrorMode: rule", two, []string{"web"}},
		"a TCPRoute":                         {"tcpRoute: web", strings.ReplaceAll(gatewayWeb, "HTTPRoute", "TCPRoute"), []string{"web"}},
		"a TLSRoute":                         {"tlsRoutes: [{name: web}]", strings.ReplaceAll(gatewayWeb, "HTTPRoute", "TLSRoute"), []string{"web"}},
		"a GRPCRoute":                        {"grpcRoute: web", strings.ReplaceAll(gatewayWeb, "HTTPRoute", "GRPCRoute"), []string{"web"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			canary := "canaryService: canary\nstableService: stable\ntrafficRouting:\n  plugins:\n    argoproj-labs/gatewayAPI:\n      " +
				strings.ReplaceAll(tc.config, "\n", "\n      ")
			router := routerOf(t, rolloutOf(t, canary))
			changes, err := router.Route(split(20), liveOf(t, tc.live))
			if err != nil {
				t.Fatal(err)
			}
			var moved []string
			for _, change := range changes {
				moved = append(moved, change.Name)
			}
			if diff := cmp.Diff(tc.moved, moved); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGatewayRoutesThatCannotBeDriven(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		live string
		why  string
	}{
		"a route that is missing":                  {"", "the HTTPRoute shop/web is missing"},
		"a route without the canary":               {strings.ReplaceAll(gatewayWeb, "name: canary", "name: x"), "both of the Services"},
		"a route without rules":                    {gatewayWeb[:strings.Index(gatewayWeb, "  rules:")], "both of the Services"},
		"rules that are no list":                   {gatewayWeb[:strings.Index(gatewayWeb, "  rules:")] + "  rules: 1", "spec.rules is not a list"},
		"a backend that is no object":              {strings.Replace(gatewayWeb, "backendRefs:\n", "backendRefs:\n    - 1\n", 1), "backendRefs[0] is not an object"},
		"the Service of the name elsewhere":        {strings.ReplaceAll(gatewayWeb, "name: canary", "namespace: bank, name: canary"), "both of the Services"},
		"both Services, but in two distinct rules": {strings.Replace(gatewayWeb, `    - {group: "", kind: Service, name: canary`, "  - backendRefs:\n    - {name: canary", 1), "both of the Services"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, gatewayCanary))
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

func TestGatewayHeaderRoutesOfSeveralRules(t *testing.T) {
	t.Parallel()
	second := `  - matches: [{path: {type: PathPrefix, value: /orders}, headers: [{name: x-BETA, type: Exact, value: "a"}]}]
    backendRefs:
    - {name: stable, port: 80, weight: 100}
    - {name: canary, port: 81, weight: 0}
`
	live := liveOf(t, withRules(gatewayWeb, "", second))
	router := routerOf(t, rolloutOf(t, gatewayCanary))
	after := routed(t, router, headed(split(0), "beta"), live)
	want := liveOf(t, withRules(weightsOf("100", "0"), "", second+gatewayBeta+`
  - name: beta-1
    matches: [{path: {type: PathPrefix, value: /orders}, headers: [{name: X-beta, type: Exact, value: "yes"}]}]
    backendRefs:
    - {name: canary, port: 81, weight: 1}
`))
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(live, routed(t, router, split(0), after)); diff != "" {
		t.Errorf("the rules of the header route are left behind (-want +got):\n%s", diff)
	}
}

func TestGatewayDoesNotTakeARuleForItsOwnByANumber(t *testing.T) {
	t.Parallel()
	user := strings.Replace(strings.Replace(gatewayBeta, "name: beta", "name: beta-2", 1), "name: canary", "name: mine", 1)
	live := liveOf(t, withRules(gatewayWeb, "", user))
	if diff := cmp.Diff(live, routed(t, routerOf(t, rolloutOf(t, gatewayCanary)), split(0), live)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGatewayHeaderValues(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		match v1alpha1.StringMatch
		want  map[string]any
	}{
		"exact":  {v1alpha1.StringMatch{Exact: "a.b"}, map[string]any{"type": "Exact", "value": "a.b"}},
		"prefix": {v1alpha1.StringMatch{Prefix: "a.b"}, map[string]any{"type": "RegularExpression", "value": `a\.b.*`}},
		"regex":  {v1alpha1.StringMatch{Regex: "a.b"}, map[string]any{"type": "RegularExpression", "value": "a.b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			intent := headed(split(0), "beta")
			intent.Headers[0].Match[0].HeaderValue = &tc.match
			live := liveOf(t, gatewayWeb)
			after := routed(t, routerOf(t, rolloutOf(t, gatewayCanary)), intent, live)
			tc.want["name"] = "X-beta"
			for _, route := range after {
				rules := route.Object["spec"].(map[string]any)["rules"].([]any)                        //nolint:forcetypeassert // It is what was written.
				headers := rules[2].(map[string]any)["matches"].([]any)[0].(map[string]any)["headers"] //nolint:forcetypeassert // As above.
				if diff := cmp.Diff(any([]any{any(runtime.DeepCopyJSON(tc.want))}), headers); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}
