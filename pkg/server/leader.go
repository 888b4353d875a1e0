// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"
	_ "k8s.io/component-base/metrics/prometheus/clientgo/leaderelection" // leader_election_master_status: who leads
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
	client    coordinationclient.LeasesGetter
	namespace string
	identity  string
}

func newLeader(client coordinationclient.LeasesGetter, namespace string) (*leader, error) {
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
		if err := l.term(ctx, work); err != nil {
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
	lock, held := l.lock(), &tenure{}
	elector, err := leaderelection.NewLeaderElector(election(noting{lock, held}, leading))
	if err != nil {
		return fmt.Errorf("set up the lease %s: %w", leaseName, err)
	}
	// The elector outlives ctx while work stops, so that the lease is held until then.
	electing, resign := context.WithCancel(context.WithoutCancel(ctx))
	defer resign()
	go func() {
		defer close(over)
		elector.Run(electing)
	}()
	select {
	case term := <-leading:
		working, stop := context.WithCancel(during(term, held))
		defer stop()
		defer context.AfterFunc(ctx, stop)()
		work(working)
		if term.Err() != nil {
			return nil
		}
	case <-ctx.Done():
	case <-over:
		return nil
	}
	resign()
	<-over
	return release(context.WithoutCancel(ctx), lock)
}

func (l *leader) lock() *resourcelock.LeaseLock {
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: l.namespace, Name: leaseName},
		Client:     l.client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: l.identity},
	}
}

// election leaves the lease alone when it ends: the elector of client-go would, when renewing fails, try to give the
// lease back for a while and only then tell that it is lost; others lead by then.
func election(lock resourcelock.Interface, leading chan<- context.Context) leaderelection.LeaderElectionConfig {
	return leaderelection.LeaderElectionConfig{
		Name: leaseName, Lock: lock,
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(term context.Context) { leading <- term },
			OnStoppedLeading: func() {},
		},
	}
}

// release gives the lease back where it is held, so that nobody waits for its end. The last renewal may still be on
// its way.
func release(ctx context.Context, lock resourcelock.Interface) error {
	ctx, cancel := context.WithTimeout(ctx, renewDeadline)
	defer cancel()
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		record, _, err := lock.Get(ctx)
		if apierrors.IsNotFound(err) || err == nil && record.HolderIdentity != lock.Identity() {
			return nil
		}
		if err != nil {
			return err
		}
		now := metav1.Now()
		return lock.Update(ctx, resourcelock.LeaderElectionRecord{
			LeaseDurationSeconds: 1, AcquireTime: now, RenewTime: now, LeaderTransitions: record.LeaderTransitions,
		})
	})
	if err != nil {
		return fmt.Errorf("give back the lease %s: %w", leaseName, err)
	}
	return nil
}
