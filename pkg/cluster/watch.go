// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

const (
	// listTimeout bounds one page of a list, headerTimeout the wait for a watch to begin.
	listTimeout   = time.Minute
	headerTimeout = 90 * time.Second
	// recheckUnserved is how often a kind that the cluster did not serve is looked for.
	recheckUnserved = time.Minute
)

// errVanished ends a watch whose kind the server does not find any more.
var errVanished = errors.New("the kind vanished")

// watch keeps the records of one scope current until it is stopped.
type watch struct {
	scope
	cluster *Cluster
	link    *link
	cancel  context.CancelFunc

	mu      sync.Mutex
	stopped bool
	state   watchState
}

// startWatch follows s through link until stop is called; the deadline of ctx does not
// end it.
func startWatch(ctx context.Context, s scope, cluster *Cluster, link *link) *watch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &watch{scope: s, cluster: cluster, link: link, cancel: cancel}
	go w.run(ctx)
	return w
}

// stop ends the watch; nothing is written to the index after it.
func (w *watch) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.cancel()
}

// run finds out how the cluster serves the kind and follows it, again and again.
func (w *watch) run(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		changed := w.link.catalog.next()
		wait := min(minRetry<<min(attempt, 6), maxRetry)
		resource, err := w.link.watchable(ctx, w.kind)
		var unserved *NoKindError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &unserved):
			w.vanished()
			wait = recheckUnserved
		case err != nil:
			w.failed(err)
		case !w.cluster.covers(w.scope, resource):
			w.listed(nil)
			wait = recheckUnserved
		default:
			w.served()
			w.follow(ctx, resource)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(wait):
		}
	}
}

// follow lists and watches the kind until ctx ends or the server no longer finds it. Then
// it reads again what the server serves: a list that failed proves nothing.
func (w *watch) follow(ctx context.Context, resource Resource) {
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.reflector(watching, resource, cancel).RunWithContext(watching)
	if errors.Is(context.Cause(watching), errVanished) {
		if err := w.link.catalog.refresh(ctx, refreshInterval); err != nil {
			w.failed(err)
		}
	}
}

func (w *watch) reflector(ctx context.Context, resource Resource, cancel context.CancelCauseFunc) *cache.Reflector {
	calls := w.calls(resource)
	check := func(err error) error {
		if apierrors.IsNotFound(err) {
			cancel(errVanished)
		}
		if err != nil && !apierrors.IsResourceExpired(err) && ctx.Err() == nil {
			w.failed(err)
		}
		return err
	}
	lister := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			ctx, stop := context.WithTimeout(ctx, listTimeout)
			defer stop()
			list, err := calls.list(ctx, options)
			return list, check(err)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (apiwatch.Interface, error) {
			stream, err := begin(ctx, options, calls.watch)
			if err == nil && options.SendInitialEvents == nil {
				w.working()
			}
			return stream, check(err)
		},
	}
	logger := klog.FromContext(ctx).WithValues("cluster", w.cluster.server)
	return cache.NewReflectorWithOptions(lister, nil, &sink{watch: w, kind: resource.Kind},
		cache.ReflectorOptions{Name: "live", TypeDescription: resource.Kind.String(), Logger: &logger})
}
