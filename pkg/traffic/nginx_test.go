// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/traffic"
)

const nginxCanary = `
canaryService: canary
stableService: stable
trafficRouting:
  nginx:
    stableIngress: shop
`

const nginxShop = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations: {kubernetes.io/ingress.class: nginx, cert-manager.io/issuer: x}
  labels: {team: a}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: other, port: {number: 80}}}
  tls: [{hosts: [shop.example.com], secretName: shop}]
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: stable, port: {name: http}}}}
      - {path: /docs, pathType: Prefix, backend: {service: {name: docs, port: {number: 80}}}}
      - {path: /files, pathType: Prefix, backend: {resource: {apiGroup: x, kind: Bucket, name: y}}}
  - host: docs.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: docs, port: {number: 80}}}}
  - host: empty.example.com
`

const nginxShopCanary = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web-shop-canary
  namespace: shop
  annotations:
    kubernetes.io/ingress.class: nginx
    nginx.ingress.kubernetes.io/canary: "true"
    nginx.ingress.kubernetes.io/canary-weight: "20"
  ownerReferences:
  - {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, uid: uid-of-web, controller: true, blockOwnerDeletion: true}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop}]
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: canary, port: {name: http}}}}
      - {path: /docs, pathType: Prefix, backend: {service: {name: docs, port: {number: 80}}}}
      - {path: /files, pathType: Prefix, backend: {resource: {apiGroup: x, kind: Bucket, name: y}}}
`

func TestNginxRoute(t *testing.T) {
	t.Parallel()
	const annotations = "canary-weight: \"20\"\n"
	thousand := split(0)
	thousand.Canary.Weight, thousand.Stable.Weight, thousand.Max = 5, 995, 1000
	for name, tc := range map[string]struct {
		canary string
		live   string
		intent traffic.Intent
		want   string
	}{
		"makes the Ingress of the canary": {nginxCanary, "", split(20), nginxShopCanary},
		"moves weight": {
			nginxCanary, nginxShopCanary, split(50), strings.Replace(nginxShopCanary, `"20"`, `"50"`, 1),
		},
		"keeps the Ingress where the canary gets nothing": {
			nginxCanary, nginxShopCanary, split(0), strings.Replace(nginxShopCanary, `"20"`, `"0"`, 1),
		},
		"leaves an Ingress alone as intended": {nginxCanary, nginxShopCanary, split(20), nginxShopCanary},
		"keeps what others wrote, and puts the rules right": {
			nginxCanary,
			strings.NewReplacer("  annotations:\n", "  labels: {a: b}\n  annotations:\n    rancher.io/x: z\n",
				"host: shop.example.com", "host: old.example.com").Replace(nginxShopCanary), split(20),
			strings.NewReplacer("  annotations:\n", "  labels: {a: b}\n  annotations:\n    rancher.io/x: z\n").Replace(nginxShopCanary),
		},
		"adds annotations": {
			nginxCanary + `
    additionalIngressAnnotations: {canary-by-header: X-Canary, nginx.ingress.kubernetes.io/canary-weight: "99"}
    canaryIngressAnnotations: {example.com/x: "1"}
`, "", split(20), strings.Replace(nginxShopCanary, annotations, annotations+`    nginx.ingress.kubernetes.io/canary-by-header: X-Canary
    example.com/x: "1"
`, 1),
		},
		"uses the prefix of the controller": {
			nginxCanary + "    annotationPrefix: nginx.example.com\n", "", split(20),
			strings.ReplaceAll(nginxShopCanary, "nginx.ingress.kubernetes.io/", "nginx.example.com/"),
		},
		"says what all traffic is": {
			nginxCanary + "  maxTrafficWeight: 1000\n", nginxShopCanary, thousand,
			strings.Replace(nginxShopCanary, annotations, "canary-weight: \"5\"\n    nginx.ingress.kubernetes.io/canary-weight-total: \"1000\"\n", 1),
		},
		"says no more what all traffic is": {
			nginxCanary, strings.Replace(nginxShopCanary, annotations, annotations+"    nginx.ingress.kubernetes.io/canary-weight-total: \"1000\"\n", 1),
			split(20), nginxShopCanary,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := routed(t, routerOf(t, rolloutOf(t, tc.canary)), tc.intent, liveOf(t, nginxShop+"\n---\n"+tc.live))
			if diff := cmp.Diff(liveOf(t, nginxShop+"\n---\n"+tc.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNginxDrivesSeveralIngresses(t *testing.T) {
	t.Parallel()
	router := routerOf(t, rolloutOf(t, strings.Replace(nginxCanary, "stableIngress: shop", "stableIngresses: [shop, api]", 1)))
	both := func(ingress string) string {
		return ingress + "\n---\n" + strings.NewReplacer("name: shop\n", "name: api\n", "web-shop-", "web-api-").Replace(ingress)
	}
	got := routed(t, router, split(20), liveOf(t, both(nginxShop)))
	if diff := cmp.Diff(liveOf(t, both(nginxShop)+"\n---\n"+both(nginxShopCanary)), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNginxNeeds(t *testing.T) {
	t.Parallel()
	rollout := rolloutOf(t, strings.Replace(nginxCanary, "stableIngress: shop", "stableIngress: "+strings.Repeat("s", 250), 1))
	needs := routerOf(t, rollout).Needs()
	if len(needs) != 2 || needs[0].Optional || !needs[1].Optional {
		t.Fatalf("Needs() = %v, want the stable Ingress and perhaps the canary's", needs)
	}
	if want := "web-" + strings.Repeat("s", 242) + "-canary"; needs[1].Name != want {
		t.Errorf("the Ingress of the canary is %s, want %s", needs[1].Name, want)
	}
}

func TestNginxIngressesThatCannotBeDriven(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		live string
		why  string
	}{
		"an Ingress that is missing":            {"", "the Ingress shop/shop is missing"},
		"an Ingress without the stable Service": {strings.ReplaceAll(nginxShop, "name: stable", "name: x"), "no rule uses the Service stable"},
		"rules that are no list":                {nginxShop[:strings.Index(nginxShop, "  rules:")] + "  rules: x", "spec.rules is not a list"},
		"an Ingress of the canary's name":       {nginxShop + "\n---\n" + strings.Replace(nginxShopCanary, "uid-of-web", "other", 1), "the Ingress shop/web-shop-canary is not the Rollout's"},
		"paths that are no list":                {strings.Replace(nginxShop, "  - host: empty.example.com", "  - http: {paths: 1}", 1), "http.paths is not a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, nginxCanary))
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
