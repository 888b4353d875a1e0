// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// loop hands the keys of changed objects to one function, each key to one worker at a time.
type loop struct {
	name  string
	queue workqueue.TypedRateLimitingInterface[string]
	// sync acts on one object; a positive duration asks for another call after it.
	sync func(ctx context.Context, key string) (time.Duration, error)
}

func newLoop(name string, sync func(context.Context, string) (time.Duration, error)) *loop {
	backoff := workqueue.NewTypedItemExponentialFailureRateLimiter[string](20*time.Millisecond, 2*time.Second)
	return &loop{name: name, queue: workqueue.NewTypedRateLimitingQueue(backoff), sync: sync}
}

func (l *loop) watch(informer cache.SharedIndexInformer) error {
	enqueue := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			l.queue.Add(key)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
		DeleteFunc: enqueue,
	})
	return err
}

// run works until the context ends.
func (l *loop) run(ctx context.Context, workers int) {
	context.AfterFunc(ctx, l.queue.ShutDown)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for l.one(ctx) {
			}
		})
	}
	running.Wait()
}

func (l *loop) one(ctx context.Context) bool {
	key, shutdown := l.queue.Get()
	if shutdown {
		return false
	}
	defer l.queue.Done(key)
	again, err := l.sync(ctx, key)
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil:
		klog.FromContext(ctx).Error(err, "Will retry", "loop", l.name, "key", key)
		l.queue.AddRateLimited(key)
		return true
	case again > 0:
		l.queue.AddAfter(key, again)
	}
	l.queue.Forget(key)
	return true
}
