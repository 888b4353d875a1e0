// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"
)

const (
	// refusedInterval is how soon an acceptance or a repaired store is noticed.
	refusedInterval = 2 * time.Second
	// servedInterval is how often a store that changed is marked, at most.
	servedInterval = 30 * time.Second
)

// storeGuard lets requests through only to the store that the host cluster remembers.
type storeGuard struct {
	record    *etcdRecord
	memory    *hostMemory
	namespace string

	refusal atomic.Pointer[error]
	wrote   atomic.Bool
	served  chan struct{}

	// mu serializes passes; what follows belongs to the pass that holds it.
	mu       sync.Mutex
	serving  *storeRecord
	revision int64
	verdict  storeVerdict
}

func newStoreGuard(record *etcdRecord, memory *hostMemory, namespace string) *storeGuard {
	g := &storeGuard{record: record, memory: memory, namespace: namespace, served: make(chan struct{})}
	g.settle(storeUnknown, nil, storeRecord{})
	return g
}

// Refusal implements apiserver.StoreGuard.
func (g *storeGuard) Refusal() error {
	return *g.refusal.Load()
}

// Wrote implements apiserver.StoreGuard.
func (g *storeGuard) Wrote() {
	g.wrote.Store(true)
}

// Served is closed as soon as the store was served once.
func (g *storeGuard) Served() <-chan struct{} {
	return g.served
}

// Run watches over the store until the context ends. It writes nothing while no request writes.
func (g *storeGuard) Run(ctx context.Context) {
	for {
		if err := g.Pass(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Store guard")
		}
		interval := servedInterval
		if g.Refusal() != nil {
			interval = refusedInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

// Pass checks the store once: it decides whether the store is served and marks it if it changed.
func (g *storeGuard) Pass(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	store, revision, err := g.record.Read(ctx)
	if err != nil {
		// A store that cannot be reached answers nothing; that is no reason to refuse it once it is back.
		return err
	}
	if g.serving != nil && g.serving.ID == store.ID && g.serving.Mark <= store.Mark {
		return g.mark(ctx, store, revision)
	}
	return g.decide(ctx)
}

func (g *storeGuard) decide(ctx context.Context) error {
	memory, err := g.memory.Read(ctx)
	// The store is read after what it is compared with: another replica may mark both at this moment.
	store, _, unread := g.record.Read(ctx)
	if unread != nil {
		return errors.Join(err, unread)
	}
	verdict := decideStore(memory, store)
	if verdict == storeAdopted {
		if err = g.memory.Adopt(ctx, store); err == nil {
			klog.FromContext(ctx).Info("The host cluster now remembers this store", "store", store.ID)
			verdict = storeServed
		}
	}
	g.settle(verdict, memory, store)
	return err
}

// settle publishes a verdict.
func (g *storeGuard) settle(verdict storeVerdict, memory *storeMemory, store storeRecord) {
	refusal := refuseStore(verdict, g.namespace, memory, store)
	if verdict != g.verdict && refusal != nil {
		klog.Background().Info("Refusing resource requests", "verdict", verdict, "reason", refusal.Error())
	}
	g.verdict, g.serving = verdict, nil
	g.refusal.Store(&refusal)
	if verdict != storeServed {
		return
	}
	g.serving = &store
	select {
	case <-g.served:
	default:
		close(g.served)
	}
}

// mark records in the store, then in the host, that the store moved on: in this order the store never looks older
// than what the host remembers.
func (g *storeGuard) mark(ctx context.Context, store storeRecord, revision int64) error {
	if !g.wrote.Swap(false) || revision <= g.revision {
		return nil
	}
	marked, written, err := g.record.Mark(ctx, store.ID, revision)
	if err == nil {
		err = g.memory.Raise(ctx, marked)
	}
	if err != nil {
		g.wrote.Store(true)
		return err
	}
	g.serving, g.revision = &marked, written
	return nil
}
