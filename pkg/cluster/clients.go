// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
)

// Client reaches kinds that are known, kinds that are not, and the metadata of either.
type Client struct {
	Typed    kubernetes.Interface
	Objects  dynamic.Interface
	Metadata metadata.Interface
}

// Clients use the connection of a cluster, for those who keep caches of their own. They are good until Ended is closed:
// the credentials changed, another cluster answers, or the cluster was removed.
type Clients struct {
	// Calls end after a time.
	Calls Client
	// Watches have no limit of time.
	Watches Client
	Ended   <-chan struct{}
}

// Clients returns clients of a connected cluster. It fails with *UnreachableError, without a call, where connecting
// failed a moment ago.
func (c *Cluster) Clients(ctx context.Context) (Clients, error) {
	link, err := c.current()
	if err != nil {
		return Clients{}, err
	}
	if err = link.connect(ctx); err != nil {
		return Clients{}, err
	}
	calls, err := link.clientOver(link.callClient)
	if err != nil {
		return Clients{}, err
	}
	watches, err := link.clientOver(link.watchClient)
	return Clients{Calls: calls, Watches: watches, Ended: link.ended}, err
}

// answerTime is how long a cluster may take to say that it is there.
const answerTime = 10 * time.Second

// Confirm fails unless the cluster answers now.
func (c Client) Confirm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, err := c.Objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).
		Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if apierrors.IsForbidden(err) {
		return nil
	}
	return err
}

func (c *connection) clientOver(client *http.Client) (Client, error) {
	typed, err := kubernetes.NewForConfigAndClient(c.config, client)
	if err != nil {
		return Client{}, fmt.Errorf("connection settings: %w", err)
	}
	objects, err := dynamic.NewForConfigAndClient(c.config, client)
	if err != nil {
		return Client{}, fmt.Errorf("connection settings: %w", err)
	}
	described, err := metadata.NewForConfigAndClient(c.config, client)
	if err != nil {
		return Client{}, fmt.Errorf("connection settings: %w", err)
	}
	return Client{Typed: typed, Objects: objects, Metadata: described}, nil
}
