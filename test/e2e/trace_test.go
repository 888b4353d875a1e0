// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"slices"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/capstan-dev/capstan/test/harness/collector"
	"github.com/capstan-dev/capstan/test/harness/steps"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// A trace that a client begins goes through the hub and on in Capstan, whose spans arrive at the
// collector that its operator named.
func TestATraceGoesOnInCapstan(t *testing.T) {
	s := begin(t, "traced", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	traces, err := collector.Start(s.Context())
	s.OK(err)
	defer traces.Close()
	config := writeTemp(t, "apiVersion: apiserver.config.k8s.io/v1\nkind: TracingConfiguration\nendpoint: "+traces.Endpoint()+"\n")
	defer s.restart()
	s.restart("--tracing-config-file", config)
	s.Apply(s.Application("traced", staging, "app", "{}"))

	const trace = "0af7651916cd43dd8448eb211c80319c"
	s.traced(trace, syncPath+"traced")
	s.Eventually("the spans of the request and of what it asks of the store arrive", func() bool {
		var names []string
		for _, span := range traces.Trace(trace) {
			names = append(names, span.GetName())
		}
		return slices.Contains(names, "GET /apis/argoproj.io/v1alpha1/namespaces/{:namespace}/applications/{:name}") &&
			slices.Contains(names, "Get etcd3")
	})
	s.Remove("traced")
}

// traced reads a path through the hub as its administrator, as part of a trace that is sampled.
func (s *story) traced(trace, path string) {
	s.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", stage.Plane.Clusters[world.Hub].Kubeconfig)
	s.OK(err)
	client, err := rest.HTTPClientFor(config)
	s.OK(err)
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, config.Host+path, nil)
	s.OK(err)
	request.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	response, err := client.Do(request)
	s.OK(err)
	s.OK(response.Body.Close())
	if response.StatusCode != http.StatusOK {
		s.Fatalf("%s: %s", path, response.Status)
	}
}

// restart starts Capstan anew, with further flags.
func (s *story) restart(flags ...string) {
	s.Helper()
	s.OK(stage.Capstan.Stop())
	s.OK(stage.Capstan.Start(s.Context(), flags...))
}
