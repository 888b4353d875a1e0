// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/klog/v2"
)

// Controller is one control loop that --controllers can choose.
type Controller interface {
	// Name is the name of the loop, in lower case.
	Name() string
	// Run runs the loop until the context ends and returns once the loop has stopped.
	Run(ctx context.Context) error
}

// allControllers stands for every controller in --controllers.
const allControllers = "*"

// controllerEnabled reads --controllers as kube-controller-manager does: a name or -name decides, else "*" does.
func controllerEnabled(name string, choice []string) bool {
	all := false
	for _, c := range choice {
		switch c {
		case name:
			return true
		case "-" + name:
			return false
		case allControllers:
			all = true
		}
	}
	return all
}

// validateControllers names the entries of --controllers that choose nothing.
func validateControllers(choice, known []string) []error {
	var errs []error
	for _, c := range choice {
		if name := strings.TrimPrefix(c, "-"); c != allControllers && !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("--controllers: %q is not a controller; choose among %s",
				name, strings.Join(known, ", ")))
		}
	}
	return errs
}

// runControllers runs loops until the context ends and returns when all have stopped.
func runControllers(ctx context.Context, controllers []Controller) {
	var running sync.WaitGroup
	for _, c := range controllers {
		logger := klog.LoggerWithName(klog.FromContext(ctx), c.Name())
		running.Go(func() {
			if err := c.Run(klog.NewContext(ctx, logger)); err != nil && ctx.Err() == nil {
				logger.Error(err, "The controller stopped")
			}
		})
	}
	running.Wait()
}

// controllerGroup starts the controllers after the server started and stops them while it still serves.
type controllerGroup struct {
	controllers []Controller
	// lead calls work while this replica leads; it returns once the context has ended and work has returned.
	lead func(ctx context.Context, work func(ctx context.Context))
	// served is closed when the store is served for the first time; nil needs no wait.
	served <-chan struct{}

	mu      sync.Mutex
	cancel  context.CancelFunc
	stopped chan struct{}
}

// start runs the group in the background.
func (g *controllerGroup) start(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ctx, g.cancel = context.WithCancel(ctx)
	g.stopped = make(chan struct{})
	go g.run(ctx, g.stopped)
}

func (g *controllerGroup) run(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	if g.served != nil {
		select {
		case <-g.served:
		case <-ctx.Done():
			return
		}
	}
	g.lead(ctx, func(ctx context.Context) { runControllers(ctx, g.controllers) })
}

// stop returns when every controller has stopped; the lease is given back.
func (g *controllerGroup) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel == nil {
		return
	}
	g.cancel()
	<-g.stopped
}
