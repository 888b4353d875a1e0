// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/hack/controlplane/binaries"
	"github.com/capstan-dev/capstan/hack/controlplane/pki"
	"github.com/capstan-dev/capstan/hack/controlplane/process"
)

// stopGrace is how long a component may take to end before it is killed.
const stopGrace = 5 * time.Second

// Cluster is one control plane. Its methods may be called concurrently.
type Cluster struct {
	Name      string
	root, dir string
	etcd      string
	audit     bool
	bin       binaries.Dir
	authority *pki.Authority
	failures  failures

	mu        sync.Mutex
	port      int
	children  []*process.Process
	stopStage func()
}

func newCluster(o Options, name, etcd string, failed failures) *Cluster {
	return &Cluster{
		Name: name, root: o.Dir, dir: filepath.Join(o.Dir, name), etcd: etcd, audit: o.Audit, bin: o.Binaries,
		failures: failed, stopStage: func() {},
	}
}

func (c *Cluster) pkiDir() string   { return filepath.Join(c.dir, "pki") }
func (c *Cluster) auditLog() string { return filepath.Join(c.dir, "audit.log") }
func (c *Cluster) controllerKubeconfig() string {
	return filepath.Join(c.dir, "controller-manager.kubeconfig")
}
func (c *Cluster) server() string { return fmt.Sprintf("https://127.0.0.1:%d", c.port) }

// start runs the components and returns when they are ready; they live as long as the context, or until stop. The
// first start chooses the port, later ones use it again. A cluster that runs stays as it is.
func (c *Cluster) start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.children) > 0 {
		return nil
	}
	err := c.startAll(ctx)
	if err != nil {
		c.stopAll()
		return fmt.Errorf("start cluster %s: %w", c.Name, err)
	}
	for _, child := range c.children {
		go c.failures.watch(child)
	}
	return nil
}

func (c *Cluster) startAll(ctx context.Context) error {
	if err := c.prepareFiles(); err != nil {
		return err
	}
	var config *rest.Config
	startServer := func(port int) (err error) {
		c.port = port
		if config, err = c.prepareKubeconfigs(); err != nil {
			return err
		}
		return c.startServer(ctx, config)
	}
	var err error
	if c.port == 0 {
		err = onFreePort(startServer)
	} else {
		err = startServer(c.port)
	}
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	return c.startRest(ctx, client)
}

func (c *Cluster) startServer(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	child, err := c.run(binaries.APIServer, apiserverFlags(c))
	if err != nil {
		return err
	}
	err = await(ctx, child, func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
	if err != nil {
		c.stopAll()
	}
	return err
}

func (c *Cluster) run(program string, flags []string) (*process.Process, error) {
	child, err := process.Start(process.Spec{
		Name: c.Name + "/" + program,
		Path: c.bin.Path(program),
		Args: flags,
		Log:  filepath.Join(c.dir, program+".log"),
	})
	if err != nil {
		return nil, err
	}
	c.children = append(c.children, child)
	return child, nil
}

// stop ends the components; the store and the port are kept for the next start.
func (c *Cluster) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopAll()
}

func (c *Cluster) stopAll() {
	c.stopStage()
	c.stopStage = func() {}
	var stopping sync.WaitGroup
	for _, child := range c.children {
		stopping.Go(func() { child.Stop(stopGrace) })
	}
	stopping.Wait()
	c.children = nil
}

// signal pauses (SIGSTOP) or resumes (SIGCONT) the API server: connections stay open and nothing answers.
func (c *Cluster) signal(signal syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.children) == 0 {
		return errors.New("the cluster is stopped: start it first")
	}
	return c.children[0].Signal(signal)
}
