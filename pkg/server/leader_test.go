// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// stand stands for the lease with a probe for its work; what it returns steps down.
func stand(t *testing.T, client coordinationclient.LeasesGetter, name string, work *probe) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		(&leader{client: client, namespace: "argocd", identity: name}).Lead(ctx, func(ctx context.Context) {
			_ = work.Run(ctx)
		})
	}()
	return func() { cancel(); await(t, over, name+" to end") }
}

func holder(t *testing.T, client coordinationclient.LeasesGetter) string {
	t.Helper()
	lease, err := client.Leases("argocd").Get(t.Context(), leaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

func TestLeader(t *testing.T) {
	t.Parallel()
	t.Run("gives the lease back once its work has stopped", func(t *testing.T) {
		t.Parallel()
		client := fake.NewClientset().CoordinationV1()
		first, second := newProbe(), newProbe()
		stopFirst := stand(t, client, "first", first)
		await(t, first.running, "the first to lead")
		stopSecond := stand(t, client, "second", second)
		time.Sleep(retryPeriod / 2)
		if happened(second.running) {
			t.Fatal("both lead at a time")
		}
		stopFirst()
		if !happened(first.stopped) {
			t.Error("the first gave up its lease before its work had stopped")
		}
		if by := holder(t, client); by == "first" {
			t.Error("the first did not give its lease back")
		}
		await(t, second.running, "the second to lead")
		stopSecond()
		if !happened(second.stopped) {
			t.Error("the second still works")
		}
	})
	t.Run("takes nobody's lease away when it never led", func(t *testing.T) {
		t.Parallel()
		client := fake.NewClientset().CoordinationV1()
		first, second := newProbe(), newProbe()
		defer stand(t, client, "first", first)()
		await(t, first.running, "the first to lead")
		stand(t, client, "second", second)()
		if by := holder(t, client); by != "first" {
			t.Errorf("the lease is held by %q, want the first", by)
		}
	})
	t.Run("has stopped its work before another one leads where it cannot reach the cluster", func(t *testing.T) {
		t.Parallel()
		client := fake.NewClientset().CoordinationV1()
		first, second := newProbe(), newProbe()
		away := &atomic.Bool{}
		defer stand(t, partitioned{client, away}, "first", first)()
		await(t, first.running, "the first to lead")
		defer stand(t, client, "second", second)()
		away.Store(true)
		await(t, second.running, "the second to lead")
		if !happened(first.stopped) {
			t.Error("two lead at a time")
		}
	})
	t.Run("leads again when the cluster is back", func(t *testing.T) {
		t.Parallel()
		away, work := &atomic.Bool{}, newProbe()
		defer stand(t, partitioned{fake.NewClientset().CoordinationV1(), away}, "first", work)()
		await(t, work.running, "it to lead")
		away.Store(true)
		await(t, work.stopped, "its work to stop")
		away.Store(false)
		await(t, work.running, "it to lead again")
	})
}

// partitioned is the client of a replica whose requests hang while the cluster is away.
type partitioned struct {
	coordinationclient.LeasesGetter
	away *atomic.Bool
}

func (p partitioned) Leases(namespace string) coordinationclient.LeaseInterface {
	return partitionedLeases{p.LeasesGetter.Leases(namespace), p.away}
}

type partitionedLeases struct {
	coordinationclient.LeaseInterface
	away *atomic.Bool
}

func (l partitionedLeases) reach(ctx context.Context) error {
	for l.away.Load() {
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
			continue
		}
		break
	}
	return ctx.Err()
}

func (l partitionedLeases) Get(
	ctx context.Context, name string, options metav1.GetOptions,
) (*coordinationv1.Lease, error) {
	if err := l.reach(ctx); err != nil {
		return nil, err
	}
	return l.LeaseInterface.Get(ctx, name, options)
}

func (l partitionedLeases) Update(
	ctx context.Context, lease *coordinationv1.Lease, options metav1.UpdateOptions,
) (*coordinationv1.Lease, error) {
	if err := l.reach(ctx); err != nil {
		return nil, err
	}
	return l.LeaseInterface.Update(ctx, lease, options)
}
