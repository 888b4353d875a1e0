// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/capstan-dev/capstan/hack/controlplane/binaries"
	"github.com/capstan-dev/capstan/hack/controlplane/process"
)

// plane is everything that runs.
type plane struct {
	options  Options
	etcd     store
	clusters map[string]*Cluster
	failures failures
	// describing keeps writers of ready.json apart.
	describing sync.Mutex
}

// Run starts the clusters and returns after they have stopped: because the context ended, because it was asked to
// through the folder, or with an error because a program failed.
func Run(ctx context.Context, o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	unlock, err := hold(o.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.Remove(readyFile(o.Dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove what an earlier run left: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &plane{options: o, clusters: map[string]*Cluster{}, failures: make(failures, 1)}
	defer p.stop()
	if err := p.start(ctx, cancel); err != nil {
		return err
	}
	select {
	case err := <-p.failures:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (p *plane) start(ctx context.Context, down context.CancelFunc) error {
	begin := time.Now()
	etcd, err := startEtcd(ctx, p.options)
	if err != nil {
		return err
	}
	p.etcd = etcd
	go p.failures.watch(etcd.process)
	for _, name := range p.options.Clusters {
		p.clusters[name] = newCluster(p.options, name, etcd.url, p.failures)
	}
	var starting errgroup.Group
	for _, cluster := range p.clusters {
		starting.Go(func() error {
			if err := cluster.start(ctx); err != nil {
				down() // The others need not go on.
				return err
			}
			took := time.Since(begin).Seconds()
			_, err := fmt.Fprintf(p.options.Out, "cluster %s is ready after %.1f s: export KUBECONFIG=%s\n",
				cluster.Name, took, Kubeconfig(p.options.Dir, cluster.Name))
			return err
		})
	}
	if err := starting.Wait(); err != nil {
		return err
	}
	if err := p.serveControl(ctx, down); err != nil {
		return err
	}
	return p.describe()
}

// describe writes ready.json.
func (p *plane) describe() error {
	p.describing.Lock()
	defer p.describing.Unlock()
	ready := Ready{
		PID:      os.Getpid(),
		Bin:      string(p.options.Binaries),
		Etcd:     ReadyEtcd{URL: p.etcd.url, PID: p.etcd.process.PID()},
		Clusters: map[string]ReadyCluster{},
	}
	for name, cluster := range p.clusters {
		ready.Clusters[name] = cluster.describe()
	}
	return writeJSON(readyFile(p.options.Dir), ready)
}

func (p *plane) stop() {
	for _, file := range []string{readyFile(p.options.Dir), controlFile(p.options.Dir)} {
		_ = os.Remove(file) // It may not be there yet.
	}
	var stopping sync.WaitGroup
	for _, cluster := range p.clusters {
		stopping.Go(cluster.stop)
	}
	stopping.Wait()
	if p.etcd.process != nil {
		p.etcd.process.Stop(stopGrace)
	}
}

// failures takes the first error that ends the whole plane.
type failures chan error

func (f failures) report(err error) {
	select {
	case f <- err:
	default: // The first failure ends everything; those that follow say nothing new.
	}
}

// watch reports a program that ends by itself.
func (f failures) watch(child *process.Process) {
	<-child.Done()
	if err := child.Failure(); err != nil {
		f.report(err)
	}
}

// components names what a cluster runs, in the order in which they start.
func components() []string {
	return []string{binaries.APIServer, binaries.ControllerManager, "pod-stage"}
}
