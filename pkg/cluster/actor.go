// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"net/http"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// Actor is a cluster that is written to as somebody else; what is read is read as ever.
type Actor struct {
	*Cluster
	user string
}

// As returns the cluster as user writes to it. The credentials of the cluster need the right to impersonate
// that user there.
func (c *Cluster) As(user string) *Actor { return &Actor{Cluster: c, user: user} }

// Writer is Cluster.Writer for requests of the user.
func (a *Actor) Writer(ctx context.Context) (rest.Interface, error) {
	link, err := a.current()
	if err != nil {
		return nil, err
	}
	if err := link.connect(ctx); err != nil {
		return nil, err
	}
	return link.writerAs(a.user)
}

// writerAs returns a writer that shares the connections of all, and adds a header.
func (c *connection) writerAs(user string) (rest.Interface, error) {
	client := *c.callClient
	as := transport.ImpersonationConfig{UserName: user}
	client.Transport = transport.NewImpersonatingRoundTripper(as, transportOf(c.callClient))
	return rest.RESTClientForConfigAndClient(c.writes, &client)
}

func transportOf(client *http.Client) http.RoundTripper {
	if client.Transport == nil {
		return http.DefaultTransport
	}
	return client.Transport
}
