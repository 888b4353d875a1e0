// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

const (
	// leaseName is the Lease in the control-plane namespace whose holder reconciles.
	leaseName     = "capstan-controllers"
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// leader elects one replica among those that serve.
type leader struct {
	client    kubernetes.Interface
	namespace string
	identity  string
}

func newLeader(client kubernetes.Interface, namespace string) (*leader, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("read the host's name for the leader's identity: %w", err)
	}
	return &leader{client: client, namespace: namespace, identity: host + "_" + uuid.NewString()}, nil
}

// Lead calls work whenever this replica holds the lease, until the context ends and work has returned. A term's
// work has always returned before the lease is given back or asked for again.
func (l *leader) Lead(ctx context.Context, work func(ctx context.Context)) {
	for ctx.Err() == nil {
		if err := l.term(ctx, work); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Leader election")
			select {
			case <-ctx.Done():
			case <-time.After(retryPeriod):
			}
		}
	}
}

// term stands for the lease once: until it was held and lost, or the context ends.
func (l *leader) term(ctx context.Context, work func(ctx context.Context)) error {
	leading, over := make(chan context.Context, 1), make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(l.election(leading))
	if err != nil {
		return fmt.Errorf("set up the lease %s: %w", leaseName, err)
	}
	// The elector outlives ctx while work stops, because it gives the lease back as soon as its own context ends.
	electing, resign := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { resign(); <-over }()
	go func() {
		defer close(over)
		elector.Run(electing)
	}()
	select {
	case term := <-leading:
		working, stop := context.WithCancel(term)
		defer stop()
		defer context.AfterFunc(ctx, stop)()
		work(working)
	case <-ctx.Done():
	case <-over:
	}
	return nil
}

func (l *leader) election(leading chan<- context.Context) leaderelection.LeaderElectionConfig {
	return leaderelection.LeaderElectionConfig{
		Name: leaseName,
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: l.namespace, Name: leaseName},
			Client:     l.client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: l.identity},
		},
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(term context.Context) { leading <- term },
			OnStoppedLeading: func() {},
		},
	}
}
