// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plane starts real control planes for tests and demonstrations, by the command in
// hack/controlplane.
//
// Input: the names of clusters. Output: clusters with kubeconfigs that any client can use.
// They end with Stop, or with this process.
package plane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Options says what to start.
type Options struct {
	// Root is the root of the repository.
	Root string
	// Dir keeps data, logs and kubeconfigs.
	Dir string
	// Clusters are the names of the clusters.
	Clusters []string
	// Audit has every request written to the clusters' audit logs.
	Audit bool
	// Out takes what the command prints: progress of builds, and one line a cluster.
	Out io.Writer
}

// Cluster is one control plane.
type Cluster struct {
	Server     string `json:"server"`
	Kubeconfig string `json:"kubeconfig"`
	AuditLog   string `json:"auditLog"`
}

// Plane is a set of running control planes.
type Plane struct {
	// Clusters are the control planes by name.
	Clusters map[string]Cluster `json:"clusters"`
	// Bin is the folder that holds kubectl.
	Bin string `json:"bin"`

	options Options
	command *exec.Cmd
	ended   chan error
	binary  string
}

// Start builds what is missing, which takes minutes the first time, and returns when all
// clusters are ready.
func Start(ctx context.Context, options Options) (*Plane, error) {
	binary, err := build(ctx, options)
	if err != nil {
		return nil, err
	}
	args := []string{"up", "--dir", options.Dir}
	for _, name := range options.Clusters {
		args = append(args, "--clusters", name)
	}
	if options.Audit {
		args = append(args, "--audit")
	}
	p := &Plane{options: options, binary: binary, ended: make(chan error, 1)}
	p.command = exec.Command(binary, args...) //nolint:noctx // it ends by Stop, in order.
	p.command.Stdout, p.command.Stderr = options.Out, options.Out
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start the control planes: %w", err)
	}
	go func() { p.ended <- p.command.Wait() }()
	return p, p.wait(ctx)
}

// build compiles the command, which is quick; the command builds the rest.
func build(ctx context.Context, options Options) (string, error) {
	binary := filepath.Join(options.Dir, "controlplane")
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of the control planes: %w", err)
	}
	command := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	command.Dir = filepath.Join(options.Root, "hack", "controlplane")
	command.Stdout, command.Stderr = options.Out, options.Out
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("build hack/controlplane: %w", err)
	}
	return binary, nil
}

func (p *Plane) wait(ctx context.Context) error {
	ready := filepath.Join(p.options.Dir, "ready.json")
	for {
		data, err := os.ReadFile(ready)
		if err == nil {
			return json.Unmarshal(data, p)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), p.Stop())
		case err := <-p.ended:
			p.ended <- err
			return fmt.Errorf("the control planes ended before they were ready: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends all clusters in order.
func (p *Plane) Stop() error {
	if p.command.Process == nil {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the control planes: %w", err)
	}
	return <-p.ended
}

// StopCluster ends one cluster's programs; objects and port are kept.
func (p *Plane) StopCluster(ctx context.Context, name string) error {
	return p.order(ctx, "stop", name)
}

// StartCluster runs a stopped cluster again.
func (p *Plane) StartCluster(ctx context.Context, name string) error {
	return p.order(ctx, "start", name)
}

// PauseCluster freezes one cluster's API server: connections stay open, nothing answers.
func (p *Plane) PauseCluster(ctx context.Context, name string) error {
	return p.order(ctx, "pause", name)
}

// ResumeCluster lets a frozen API server go on.
func (p *Plane) ResumeCluster(ctx context.Context, name string) error {
	return p.order(ctx, "resume", name)
}

// Register makes the namespace and the ExternalName Service by which a cluster's aggregator
// finds a server that listens on a port of this machine.
func (p *Plane) Register(ctx context.Context, cluster, namespace, service string, port int) error {
	return p.run(ctx, "register", "--dir", p.options.Dir, "--cluster", cluster, "--namespace", namespace,
		"--service", service, "--port", fmt.Sprint(port))
}

func (p *Plane) order(ctx context.Context, order, name string) error {
	return p.run(ctx, order, "--dir", p.options.Dir, name)
}

func (p *Plane) run(ctx context.Context, args ...string) error {
	output, err := exec.CommandContext(ctx, p.binary, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("controlplane %s: %w: %s", args[0], err, output)
	}
	return nil
}
