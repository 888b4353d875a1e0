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

const albCanary = `
canaryService: canary
stableService: stable
trafficRouting:
  managedRoutes: [{name: beta}, {name: staff}]
  alb:
    ingress: shop
    servicePort: 80
`

// albWanted returns nginxShop with annotations, and with paths before those of the rule for the stable Service.
func albWanted(paths string, annotations ...string) string {
	lines := "annotations:\n    kubernetes.io/ingress.class: nginx\n    cert-manager.io/issuer: x\n"
	for _, annotation := range annotations {
		key, value, _ := strings.Cut(annotation, "=")
		lines += "    " + key + ": '" + value + "'\n"
	}
	wanted := strings.Replace(nginxShop, "annotations: {kubernetes.io/ingress.class: nginx, cert-manager.io/issuer: x}\n", lines, 1)
	return strings.Replace(wanted, "      paths:\n", "      paths:\n"+paths, 1)
}

const (
	albMoved = `alb.ingress.kubernetes.io/actions.stable={"Type":"forward","ForwardConfig":{"TargetGroups":[` +
		`{"ServiceName":"canary","ServicePort":"80","Weight":20},{"ServiceName":"stable","ServicePort":"80","Weight":80}]}}`
	albBook   = `rollouts.argoproj.io/managed-alb-annotations={"web":["alb.ingress.kubernetes.io/actions.stable"]}`
	albHeader = `alb.ingress.kubernetes.io/actions.beta={"Type":"forward","ForwardConfig":{"TargetGroups":[` +
		`{"ServiceName":"canary","ServicePort":"80","Weight":100}]}}`
	albCondition = `alb.ingress.kubernetes.io/conditions.beta=` +
		`[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-beta","values":["yes"]}}]`
	albHeaderBook = `rollouts.argoproj.io/managed-alb-annotations={"web":["alb.ingress.kubernetes.io/actions.stable",` +
		`"alb.ingress.kubernetes.io/actions.beta","alb.ingress.kubernetes.io/conditions.beta"]}`
	albHeaderPath = `      - {path: /*, pathType: ImplementationSpecific, backend: {service: {name: beta, port: {name: use-annotation}}}}
`
)

func TestALBRoute(t *testing.T) {
	t.Parallel()
	experiment := split(20)
	experiment.Stable.Weight = 70
	experiment.Additional = []traffic.Destination{{Service: "trial", Weight: 10}}
	for name, tc := range map[string]struct {
		canary string
		live   string
		intent traffic.Intent
		want   string
	}{
		"splits by an action":                 {albCanary, nginxShop, split(20), albWanted("", albMoved, albBook)},
		"leaves an Ingress alone as intended": {albCanary, albWanted("", albMoved, albBook), split(20), albWanted("", albMoved, albBook)},
		"keeps the book of other Rollouts": {
			albCanary, albWanted("", `rollouts.argoproj.io/managed-alb-annotations={"api":["x"]}`), split(20),
			albWanted("", albMoved, strings.Replace(albBook, "{", `{"api":["x"],`, 1)),
		},
		"adds a header route": {
			albCanary, nginxShop, headed(split(20), "beta"),
			albWanted(albHeaderPath, albMoved, albHeader, albCondition, albHeaderBook),
		},
		"takes a header route away": {
			albCanary, albWanted(albHeaderPath, albMoved, albHeader, albCondition, albHeaderBook), split(20),
			albWanted("", albMoved, albBook),
		},
		"does not take annotations away that are the user's": {
			albCanary, albWanted("", albMoved, albCondition, albBook), split(20), albWanted("", albMoved, albCondition, albBook),
		},
		"sends traffic to an Experiment": {
			albCanary, nginxShop, experiment, albWanted("", strings.NewReplacer(`"Weight":20},`,
				`"Weight":20},{"ServiceName":"trial","ServicePort":"80","Weight":10},`, `"Weight":80`, `"Weight":70`).Replace(albMoved), albBook),
		},
		"keeps clients at one target group": {
			albCanary + "    stickinessConfig: {enabled: true, durationSeconds: 60}\n", nginxShop, split(20),
			albWanted("", strings.Replace(albMoved, "}]}}", `}],"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":60}}}`, 1), albBook),
		},
		"uses the root Service and the prefix": {
			albCanary + "    rootService: docs\n    annotationPrefix: alb.example.com\n", nginxShop, split(20),
			albWanted("", strings.Replace(albMoved, "alb.ingress.kubernetes.io/actions.stable", "alb.example.com/actions.docs", 1),
				strings.Replace(albBook, "alb.ingress.kubernetes.io/actions.stable", "alb.example.com/actions.docs", 1)),
		},
		"swaps ping and pong": {
			albCanary + "    rootService: stable\npingPong: {pingService: ping, pongService: pong}\n", nginxShop, split(20),
			albWanted("", strings.NewReplacer(`Name":"canary"`, `Name":"ping"`, `Name":"stable"`, `Name":"pong"`).Replace(albMoved), albBook),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := routed(t, routerOf(t, rolloutOf(t, tc.canary)), tc.intent, liveOf(t, tc.live))
			if diff := cmp.Diff(liveOf(t, tc.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestALBThatCannotBeDriven(t *testing.T) {
	t.Parallel()
	prefix := headed(split(20), "beta")
	prefix.Headers[0].Match[0].HeaderValue = &v1alpha1.StringMatch{Prefix: "y"}
	for name, tc := range map[string]struct {
		live   string
		intent traffic.Intent
		why    string
	}{
		"an Ingress that is missing":            {"", split(20), "the Ingress shop/shop is missing"},
		"an Ingress without the stable Service": {strings.ReplaceAll(nginxShop, "name: stable", "name: x"), split(20), "no rule uses the Service stable"},
		"a book that makes no sense":            {albWanted("", "rollouts.argoproj.io/managed-alb-annotations=x"), split(20), "the annotation rollouts.argoproj.io/managed-alb-annotations"},
		"a header that is not matched whole":    {nginxShop, prefix, "matches the header X-beta as a whole"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, err := routerOf(t, rolloutOf(t, albCanary)).Route(tc.intent, liveOf(t, tc.live))
			if err == nil || !strings.Contains(err.Error(), tc.why) || len(changes) > 0 {
				t.Errorf("Route = %v, %v, want %q in the error", changes, err, tc.why)
			}
		})
	}
}
