// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// installRoutes installs the CustomResourceDefinitions that the routers' own Go modules hold.
func installRoutes(s *steps.Steps) {
	s.Helper()
	gateway, istio := module(s, "sigs.k8s.io/gateway-api"), module(s, "istio.io/api")
	for _, kind := range []string{"httproutes", "grpcroutes", "tcproutes", "tlsroutes"} {
		s.Kubectl(stage.Hub(), "apply", "--server-side", "-f",
			filepath.Join(gateway, "config", "crd", "standard", "gateway.networking.k8s.io_"+kind+".yaml"))
		s.Kubectl(stage.Hub(), "wait", "--for=condition=Established", "crd/"+kind+".gateway.networking.k8s.io")
	}
	s.Kubectl(stage.Hub(), "apply", "--server-side", "-f",
		filepath.Join(istio, "kubernetes", "customresourcedefinitions.gen.yaml"))
	installApisix(s, stage.Hub())
	for _, kind := range []string{"virtualservices", "destinationrules"} {
		s.Kubectl(stage.Hub(), "wait", "--for=condition=Established", "crd/"+kind+".networking.istio.io")
	}
}

// installApisix installs the CustomResourceDefinition of ApisixRoutes in a cluster.
func installApisix(s *steps.Steps, cluster plane.Kubectl) {
	s.Helper()
	apisix := module(s, "github.com/apache/apisix-ingress-controller")
	s.Kubectl(cluster, "apply", "--server-side", "-f",
		filepath.Join(apisix, "samples", "deploy", "crd", "v1", "ApisixRoute.yaml"))
	s.Kubectl(cluster, "wait", "--for=condition=Established", "crd/apisixroutes.apisix.apache.org")
}

// module returns the folder of a Go module, which is downloaded where the module cache lacks it.
func module(s *steps.Steps, path string) string {
	s.Helper()
	download := exec.CommandContext(s.Context(), "go", "mod", "download", "-json", path)
	download.Dir = filepath.Join("..", "..", "..", "hack", "routers")
	out, err := download.Output()
	s.OK(err)
	var found struct{ Dir string }
	s.OK(json.Unmarshal(out, &found))
	return found.Dir
}

// The routers of four projects, each with the object that its users write and the field that shows the weight.
func TestTrafficGoesStepByStep(t *testing.T) {
	t.Parallel()
	installRoutes(&steps.Steps{T: t})
	cases := map[string]struct{ routing, object, kind, weight string }{
		"gateway": {`plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}`, `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: NAMESPACE}
spec: {rules: [{backendRefs: [{name: stable, port: 80}, {name: canary, port: 80, weight: 0}]}]}
`, "httproute/web", "{.spec.rules[0].backendRefs[1].weight}"},
		"istio": {`istio: {virtualService: {name: web}}`, `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: NAMESPACE}
spec:
  hosts: [web]
  http: [{route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}, weight: 0}]}]
`, "virtualservice/web", "{.spec.http[0].route[1].weight}"},
		"apisix": {`apisix: {route: {name: web}}`, `
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: web, namespace: NAMESPACE}
spec:
  http:
  - {name: web, match: {paths: [/*]}, backends: [{serviceName: stable, servicePort: 80, weight: 100}, {serviceName: canary, servicePort: 80, weight: 0}]}
`, "apisixroute/web", "{.spec.http[0].backends[1].weight}"},
		"nginx": {`nginx: {stableIngress: web}`, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: NAMESPACE}
spec:
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix,
    backend: {service: {name: stable, port: {number: 80}}}}]}}]
`, "ingress/guestbook-web-canary", `{.metadata.annotations.nginx\.ingress\.kubernetes\.io/canary-weight}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t, "routed-"+name)
			strategy := "canary: {canaryService: canary, stableService: stable, scaleDownDelaySeconds: 1,\n" +
				"  trafficRouting: {" + tc.routing + "},\n" +
				"  steps: [{setWeight: 20}, {pause: {}}, {setWeight: 60}, {pause: {}}]}"
			services := s.service("stable") + s.service("canary")
			s.apply(services + s.rollout("v1", 5, strategy))
			s.until("{.status.phase}", "Degraded") // What it drives is not there yet.
			s.apply(strings.ReplaceAll(tc.object, "NAMESPACE", s.namespace))
			s.at("Healthy", 4)
			s.apply(s.rollout("v2", 5, strategy))
			carries := func(weight string) {
				t.Helper()
				s.Until(s.hub, plane.Prints(weight), "get", tc.kind, "-n", s.namespace, "-o", "jsonpath="+tc.weight)
			}
			s.at("Paused", 1)
			carries("20")
			s.selected("canary", "2")
			s.selected("stable", "1")
			s.patch(`{"pauseConditions":null}`)
			s.at("Paused", 3)
			carries("60")
			s.patch(`{"pauseConditions":null}`)
			s.at("Healthy", 4)
			carries("0")
			s.selected("stable", "2")
			s.pods("v1", 0)
		})
	}
}
