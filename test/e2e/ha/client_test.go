// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/world"
)

const (
	// applications is a path that the hub's aggregator passes on.
	applications = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
	apiServices  = "/apis/apiregistration.k8s.io/v1/apiservices/"
	serverName   = "capstan-apiserver.argocd.svc"
)

// client asks one server as the administrator of the hub, and never a second time.
type client struct {
	*http.Client
	url string
}

// config is that of the administrator of the hub.
func (s *story) config() *rest.Config {
	s.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", stage.Plane.Clusters[world.Hub].Kubeconfig)
	s.OK(err)
	return config
}

func (s *story) dial(config *rest.Config) client {
	s.Helper()
	made, err := rest.HTTPClientFor(config)
	s.OK(err)
	return client{made, config.Host}
}

// get returns the body of an answer that is OK.
func (c client) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read from.
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %.300s", path, response.Status, body)
	}
	return body, err
}

// bundle is what the hub verifies the server of an APIService with.
func (c client) bundle(ctx context.Context, apiService string) ([]byte, error) {
	body, err := c.get(ctx, apiServices+apiService)
	if err != nil {
		return nil, err
	}
	found := &apiregistrationv1.APIService{}
	if err := json.Unmarshal(body, found); err != nil {
		return nil, fmt.Errorf("read APIService %s: %w", apiService, err)
	}
	return found.Spec.CABundle, nil
}

// trusted is what the hub verifies replicas with.
func (s *story) trusted() []byte {
	s.Helper()
	bundle, err := s.dial(s.config()).bundle(s.Context(), "v1alpha1.argoproj.io")
	s.OK(err)
	return bundle
}

// replica asks one replica, whose certificate is verified as the hub does.
func (s *story) replica(r *capstan.Replica, path string) string {
	s.Helper()
	config := s.config()
	config.Host, config.ServerName, config.CAData = r.URL(), serverName, s.trusted()
	body, err := s.dial(config).get(s.Context(), path)
	s.OK(err)
	return string(body)
}
