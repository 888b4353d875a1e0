// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// connection is the clients of one cluster with one set of credentials. Watches have a
// connection of their own, so that a burst of writes cannot starve them of streams.
type connection struct {
	host string
	// config is what further clients are made from.
	config        *rest.Config
	watchClient   *http.Client
	callClient    *http.Client
	watchMetadata metadata.Interface
	watchObjects  dynamic.Interface
	metadata      metadata.Interface
	objects       dynamic.Interface
	discovery     *discovery.DiscoveryClient
	writer        *rest.RESTClient
	// writes is what writers are made from.
	writes *rest.Config
	// logs has no limit of time, as a log may be followed.
	logs corev1client.PodsGetter
	core corev1client.EventsGetter
	// ended is closed with the connection.
	ended  chan struct{}
	ending sync.Once
}

// newConnection makes the clients and sends nothing. Calls other than watches end after
// timeout; note hears how each ends, and traffic what goes over the wire.
func newConnection(
	config *rest.Config, options Options, note func(error), traffic *traffic,
) (*connection, error) {
	calls, watches := tuned(config, note, traffic), tuned(config, note, traffic)
	calls.Timeout, watches.Timeout = options.Timeout, 0
	if options.Wrap != nil {
		calls.Wrap(options.Wrap)
	}
	c := &connection{host: config.Host, config: calls, ended: make(chan struct{})}
	var err error
	if c.callClient, err = rest.HTTPClientFor(calls); err != nil {
		return nil, fmt.Errorf("connection settings: %w", err)
	}
	if c.watchClient, err = rest.HTTPClientFor(watches); err != nil {
		return nil, fmt.Errorf("connection settings: %w", err)
	}
	if err := c.makeClients(calls, watches); err != nil {
		return nil, fmt.Errorf("connection settings: %w", err)
	}
	return c, nil
}

func (c *connection) makeClients(calls, watches *rest.Config) (err error) {
	if c.watchMetadata, err = metadata.NewForConfigAndClient(watches, c.watchClient); err != nil {
		return err
	}
	if c.watchObjects, err = dynamic.NewForConfigAndClient(watches, c.watchClient); err != nil {
		return err
	}
	if c.metadata, err = metadata.NewForConfigAndClient(calls, c.callClient); err != nil {
		return err
	}
	if c.objects, err = dynamic.NewForConfigAndClient(calls, c.callClient); err != nil {
		return err
	}
	if c.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(calls, c.callClient); err != nil {
		return err
	}
	if c.logs, err = corev1client.NewForConfigAndClient(watches, c.watchClient); err != nil {
		return err
	}
	if c.core, err = corev1client.NewForConfigAndClient(calls, c.callClient); err != nil {
		return err
	}
	c.writes = metadata.ConfigFor(calls)
	c.writes.GroupVersion, c.writes.APIPath = &schema.GroupVersion{}, "/"
	c.writer, err = rest.RESTClientForConfigAndClient(c.writes, c.callClient)
	return err
}

// tuned returns a copy of config without client-side limits, because the server's fairness
// limits better, and with a dialer of its own, which makes client-go open a connection
// instead of sharing one.
func tuned(config *rest.Config, note func(error), traffic *traffic) *rest.Config {
	tuned := rest.CopyConfig(config)
	tuned.QPS, tuned.Burst, tuned.RateLimiter = -1, 0, nil
	tuned.UserAgent = "capstan"
	tuned.WarningHandlerWithContext = rest.NoWarnings{}
	if tuned.Dial == nil {
		tuned.Dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	tuned.Dial = traffic.metered(tuned.Dial)
	tuned.Wrap(func(next http.RoundTripper) http.RoundTripper { return observed{next: next, note: note} })
	return tuned
}

func (c *connection) close() {
	c.ending.Do(func() { close(c.ended) })
	utilnet.CloseIdleConnectionsFor(c.watchClient.Transport)
	utilnet.CloseIdleConnectionsFor(c.callClient.Transport)
}

// identity is what tells one cluster from another.
type identity struct {
	uid     types.UID
	version string
}

// identify reads the version and the UID of the kube-system namespace, which is "" where
// the credentials may not read it.
func (c *connection) identify(ctx context.Context) (identity, error) {
	version, err := c.discovery.ServerVersionWithContext(ctx)
	if err != nil {
		return identity{}, fmt.Errorf("read the version: %w", err)
	}
	namespaces := schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	system, err := c.metadata.Resource(namespaces).Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return identity{version: version.GitVersion}, nil
	case err != nil:
		return identity{}, fmt.Errorf("read namespace %s: %w", metav1.NamespaceSystem, err)
	}
	return identity{uid: system.UID, version: version.GitVersion}, nil
}
