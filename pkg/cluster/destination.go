// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"net/http"
	"net/url"
	"reflect"

	"k8s.io/client-go/rest"
)

const (
	// InClusterServer is the server URL that stands for the cluster that hosts Capstan.
	InClusterServer = "https://kubernetes.default.svc"
	// InClusterName is the name of the hosting cluster unless a Secret gives it another.
	InClusterName = "in-cluster"
)

// Destination is a cluster as it was registered: where it is, how to log in, what of it
// may be used.
type Destination struct {
	// Name is the name that applications may give instead of the server.
	Name string
	// Server is the URL of the API server; it identifies the destination.
	Server string
	// Secret is the name of the Secret that registered the destination, "" for none.
	Secret string
	// Config holds address and credentials; nil means those of the hosting cluster.
	Config *rest.Config
	// Namespaces are the only namespaces to be used; empty means all.
	Namespaces []string
	// ClusterResources allows cluster-scoped kinds although Namespaces is set.
	ClusterResources bool
	// Project is the only AppProject that may deploy here; "" means any.
	Project string
	// Labels are matched by the clusters generator.
	Labels map[string]string
	// Annotations are offered to templates by the clusters generator.
	Annotations map[string]string
}

// sameConnection reports whether a and b reach the same objects with the same rights.
func sameConnection(a, b Destination) bool {
	return a.Server == b.Server && a.ClusterResources == b.ClusterResources &&
		reflect.DeepEqual(a.Namespaces, b.Namespaces) && sameConfig(a.Config, b.Config)
}

// sameConfig compares what a Secret can set of a configuration; the host's own is one
// pointer for the life of the process.
func sameConfig(a, b *rest.Config) bool {
	if a == nil || b == nil || a == b {
		return a == b
	}
	return a.Host == b.Host && a.Username == b.Username && a.Password == b.Password &&
		a.BearerToken == b.BearerToken && a.DisableCompression == b.DisableCompression &&
		reflect.DeepEqual(a.TLSClientConfig, b.TLSClientConfig) && proxyOf(a) == proxyOf(b)
}

// proxyOf returns the proxy that a configuration made by FromSecret always uses.
func proxyOf(config *rest.Config) string {
	if config.Proxy == nil {
		return ""
	}
	proxy, err := config.Proxy(&http.Request{URL: &url.URL{}})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.String()
}
