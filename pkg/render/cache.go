// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/source"
)

// Options configure a Cache; a zero field means its default.
type Options struct {
	// Dir is the folder that survives restarts; empty keeps everything in memory.
	Dir string
	// DiskBytes bounds the folder (default 1 GiB).
	DiskBytes int64
	// MemoryBytes bounds what is kept in memory (default 32 MiB with a folder, else 128 MiB).
	MemoryBytes int64
	// Limits bound each render.
	Limits Limits
	// Workers is how many renders run at the same time (default GOMAXPROCS).
	Workers int
	// RendersPerWorker is how many renders a process does before it is replaced (default 500).
	RendersPerWorker int
	// KeepIdle is how long a worker process without work is kept (default 15 seconds).
	KeepIdle time.Duration
	// Command starts a worker process (default this binary with WorkerArgument).
	Command []string
	// Registerer takes the metrics; nil means that there are none.
	Registerer prometheus.Registerer
}

// Counts are how often a Cache did what.
type Counts struct {
	// Renders counts renders by a worker, successful or not.
	Renders uint64
	// Hits counts results that needed no render.
	Hits uint64
}

// Cache is a Renderer that renders in worker processes and remembers results by what they
// looked at.
type Cache struct {
	version string
	pool    *pool
	index   *index
	store   *store
	flights singleflight.Group
	renders atomic.Uint64
	hits    atomic.Uint64
	metrics *metrics
}

var _ Renderer = (*Cache)(nil)

// New returns a Cache over the folder of the options. It fails where the folder cannot be
// used. Workers start with the first render.
func New(options Options) (*Cache, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	var disk *folder
	if options.Dir != "" {
		opened, err := openFolder(options.Dir, options.DiskBytes)
		if err != nil {
			return nil, err
		}
		disk = opened
	}
	kept, err := newStore(options.MemoryBytes/8*7, disk)
	if err != nil {
		return nil, err
	}
	c := &Cache{
		version: rendererVersion(),
		pool:    newPool(options),
		index:   newIndex(options.MemoryBytes/8, disk),
		store:   kept,
	}
	c.metrics, err = newMetrics(c, options.Registerer)
	return c, err
}

func (o *Options) complete() error {
	def(&o.DiskBytes, 1<<30)
	if o.Dir != "" {
		def(&o.MemoryBytes, 32*mebibyte)
	}
	def(&o.MemoryBytes, 128*mebibyte)
	def(&o.Workers, runtime.GOMAXPROCS(0))
	def(&o.RendersPerWorker, 500)
	def(&o.KeepIdle, 15*time.Second)
	o.Limits = o.Limits.withDefaults()
	if len(o.Command) > 0 {
		return nil
	}
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this binary to start render workers: %w", err)
	}
	o.Command = []string{binary, WorkerArgument}
	return nil
}

// Close ends the workers; renders that run fail.
func (c *Cache) Close() { c.pool.close() }

// Expect prepares for a render that is likely to be asked for soon: starting a worker takes
// about as long as rendering.
func (c *Cache) Expect(ctx context.Context) { c.pool.warm(ctx) }

// Counts returns what the Cache did since it was made.
func (c *Cache) Counts() Counts {
	return Counts{Renders: c.renders.Load(), Hits: c.hits.Load()}
}

// Stored returns the manifests that a digest names, or false where they are not kept any
// more. The caller must not change them.
func (c *Cache) Stored(digest manifest.Digest) ([]manifest.Manifest, bool) {
	return c.store.get(digest)
}

// Render returns the manifests of input, from an earlier render where that saw the same
// files. The caller must not change the Manifests.
func (c *Cache) Render(ctx context.Context, input Input) (Output, error) {
	input = input.opened()
	k, err := keyOf(c.version, input)
	if err != nil {
		return Output{}, err
	}
	root := rootOf(input.Tree)
	if found := c.lookup(k, input, root); found != nil {
		return found.output, found.err()
	}
	// Applications that ask for the same files share a render, if it turns out that nothing
	// of their own went into it.
	shared := k.String() + root
	for _, mount := range input.Mounts {
		shared += "\x00" + rootOf(mount.Tree)
	}
	led, out, err := c.fly(ctx, shared, k, root, input)
	if led || ctx.Err() != nil || !perApplication(err) {
		return out, err
	}
	if found := c.lookup(k, input, root); found != nil {
		return found.output, found.err()
	}
	own := shared + "\x00" + input.Application + "\x00" + input.Namespace + "\x00" + input.Project + "\x00" +
		input.Revision + "\x00" + input.Source.TargetRevision
	_, out, err = c.fly(ctx, own, k, root, input)
	return out, err
}

// perApplication reports whether another application may fare otherwise than one that ended
// with err: a limit, a crash or a broken machine is the same for all, which repositories a
// project may read is not.
func perApplication(err error) bool {
	if _, refused := errors.AsType[*DependencyError](err); refused {
		return true
	}
	failed, ok := errors.AsType[*SourceError](err)
	return err == nil || ok && failed.Reason != ReasonCrashed
}

func rootOf(tree source.Tree) string {
	if id := idAt(tree, "."); id != absent {
		return id
	}
	return ""
}

// fly renders once for all who ask for name at the same time, and reports whether it was
// this call that rendered. The render goes on when the one who asked first gives up.
func (c *Cache) fly(ctx context.Context, name string, k key, root string, input Input) (bool, Output, error) {
	var led atomic.Bool
	answer := c.flights.DoChan(name, func() (any, error) {
		led.Store(true)
		return c.render(context.WithoutCancel(ctx), k, root, input)
	})
	select {
	case <-ctx.Done():
		return led.Load(), Output{}, context.Cause(ctx)
	case got := <-answer:
		out, _ := got.Val.(Output)
		return led.Load(), out, got.Err
	}
}

// render has a worker render, and remembers the result where that can be recognised again.
func (c *Cache) render(ctx context.Context, k key, root string, input Input) (Output, error) {
	c.renders.Add(1)
	begin := time.Now()
	got, answers, err := c.pool.render(ctx, input)
	c.metrics.rendered(got.sourceType, err, time.Since(begin))
	made := &entry{Type: got.sourceType, Root: root, Unstable: got.unstable}
	if err != nil {
		failed, ok := errors.AsType[*SourceError](err)
		if !ok || failed.Reason == ReasonCrashed {
			return Output{}, err
		}
		made.failed = failed
	} else {
		made.Output = digestOf(got.manifests)
	}
	if made.Reads = answers.reads; !answers.opaque {
		c.remember(ctx, k, made, got.manifests)
	}
	return Output{
		Manifests: got.manifests, Type: got.sourceType, Digest: made.Output, Unstable: got.unstable,
		Submodules: made.submodules(),
	}, err
}

// remember keeps a result; a full disk costs a render after the next restart, no more.
func (c *Cache) remember(ctx context.Context, k key, made *entry, manifests []manifest.Manifest) {
	var err error
	if made.failed == nil {
		err = c.store.put(made.Output, manifests)
	}
	if err == nil {
		err = c.index.add(k, made)
	}
	if err != nil {
		klog.FromContext(ctx).Error(err, "The render cache is kept in memory only")
	}
}

// hit is a result that needed no render.
type hit struct {
	output Output
	failed *SourceError
}

func (h *hit) err() error {
	if h.failed != nil {
		return h.failed
	}
	return nil
}

func (c *Cache) lookup(k key, input Input, root string) *hit {
	found := c.index.find(k, input, root)
	if found == nil {
		return nil
	}
	if found.failed != nil {
		c.hits.Add(1)
		return &hit{failed: found.failed}
	}
	manifests, ok := c.store.get(found.Output)
	if !ok {
		c.index.remove(k, found)
		return nil
	}
	c.hits.Add(1)
	return &hit{output: Output{
		Manifests: manifests, Type: found.Type, Digest: found.Output, Unstable: found.Unstable, Cached: true,
		Submodules: found.submodules(),
	}}
}
