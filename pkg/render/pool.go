// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

// errClosed is the answer of a pool after it was closed.
var errClosed = errors.New("rendering has ended: the server is shutting down")

// pool keeps worker processes warm while there is work. Each does one render at a time and is
// replaced after a number of renders, or at once after one that ended out of order. When
// nothing was rendered for a while, the workers end and give back their memory.
type pool struct {
	command    []string
	limits     Limits
	maxRenders int
	keep       time.Duration
	slots      chan struct{}

	mu     sync.Mutex
	idle   []*process
	all    map[*process]struct{}
	rest   *time.Timer
	closed bool
	warned bool
}

func newPool(options Options) *pool {
	p := &pool{
		command: options.Command, limits: options.Limits, maxRenders: options.RendersPerWorker, keep: options.KeepIdle,
		slots: make(chan struct{}, options.Workers), all: map[*process]struct{}{},
	}
	p.rest = time.AfterFunc(p.keep, p.release)
	return p
}

// render renders input on the next free worker. The time limit counts from there.
func (p *pool) render(ctx context.Context, input Input) (result, *recorder, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return result{}, nil, context.Cause(ctx)
	}
	limit := &LimitError{Limit: "time of a render", Value: p.limits.Time.String()}
	ctx, cancel := context.WithTimeoutCause(ctx, p.limits.Time, limit)
	defer cancel()
	job := request{
		Source: optionsOf(input.Source), Limits: p.limits, Mounts: input.mountNames(), Discovers: input.Plugins != nil,
	}
	for {
		worker, err := p.take(ctx)
		if err != nil {
			return result{}, nil, err
		}
		answers := newRecorder(input, p.limits)
		out, err := worker.render(ctx, job, answers)
		p.put(worker)
		if !errors.Is(err, errStale) {
			return out, answers, err
		}
	}
}

func (p *pool) take(ctx context.Context) (*process, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	if last := len(p.idle) - 1; last >= 0 {
		worker := p.idle[last]
		p.idle = p.idle[:last]
		p.mu.Unlock()
		return worker, nil
	}
	p.mu.Unlock()
	worker, err := start(ctx, p.command)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		go worker.stop()
		return nil, errClosed
	}
	p.all[worker] = struct{}{}
	p.warn(ctx, worker.isolation)
	return worker, nil
}

// warn says once that the kernel cannot confine workers.
func (p *pool) warn(ctx context.Context, found isolation) {
	if p.warned || found.FileSystem && found.Network {
		return
	}
	p.warned = true
	klog.FromContext(ctx).Info("Render workers are not fully confined: this kernel lacks Landlock, or a part of it",
		"fileSystemClosed", found.FileSystem, "networkClosed", found.Network)
}

func (p *pool) put(worker *process) {
	p.mu.Lock()
	if !worker.spent && worker.renders < p.maxRenders && !p.closed {
		p.idle = append(p.idle, worker)
		p.rest.Reset(p.keep)
		p.mu.Unlock()
		return
	}
	delete(p.all, worker)
	p.mu.Unlock()
	worker.stop()
}

// warm starts a worker ahead of a render that is to be expected, where there is none.
func (p *pool) warm(ctx context.Context) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		return // renders are going on.
	}
	if worker, err := p.take(ctx); err == nil {
		p.put(worker)
	}
}

// release ends the workers that have nothing to do.
func (p *pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, worker := range p.idle {
		delete(p.all, worker)
		worker.stop()
	}
	p.idle = nil
}

// close ends all workers; renders that run fail.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.rest.Stop()
	p.release()
	p.mu.Lock()
	defer p.mu.Unlock()
	for worker := range p.all {
		worker.kill()
	}
}
