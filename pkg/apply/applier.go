// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/cluster"
)

// Target is a destination that can be written to.
type Target interface {
	// Server identifies the destination.
	Server() string
	// Resource returns how the destination serves a kind.
	Resource(ctx context.Context, gvk schema.GroupVersionKind) (cluster.Resource, error)
	// Writer returns the client for requests; their replies are metadata only.
	Writer(ctx context.Context) (rest.Interface, error)
}

var _ Target = &cluster.Cluster{}

// Applier writes changes to destinations. All of its users together keep within the limit
// of each destination.
type Applier struct {
	mu       sync.Mutex
	limiters map[string]*limiter
}

// NewApplier returns an Applier.
func NewApplier() *Applier {
	return &Applier{limiters: map[string]*limiter{}}
}

// Apply writes one group of changes, in no particular order and many at once, and returns
// a Result for each in the order given. What must come later goes into a later call.
func (a *Applier) Apply(ctx context.Context, target Target, changes []Change, options Options) []Result {
	results := make([]Result, len(changes))
	limit, together := a.limiterOf(target.Server()), &group{most: maxInFlight}
	if options.Again {
		together.most = fewInFlight
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(together.most, len(changes)) {
		workers.Go(func() {
			for i := range next {
				write := writing{target: target, limit: limit, group: together, change: changes[i], options: options}
				results[i] = write.run(ctx)
			}
		})
	}
	for i := range changes {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}

func (a *Applier) limiterOf(server string) *limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.limiters[server] == nil {
		a.limiters[server] = newLimiter()
	}
	return a.limiters[server]
}
