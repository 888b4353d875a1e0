// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package capstan runs the real server beside a real control plane: deployed by the
// manifests that users deploy, and with the rights of its ServiceAccount alone.
//
// Input: a control plane. Output: a server, or replicas of one, that the cluster's aggregator
// finds, and that can be stopped, killed and started again with its data.
package capstan

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Server is one server with its store beside it.
type Server struct {
	options Options
	port    int
	process *process
}

// Deploy builds the server, applies the manifests to the hub, and gives the server the
// kubeconfig of its ServiceAccount. It does not start it.
func Deploy(ctx context.Context, options Options) (*Server, error) {
	s := &Server{options: options}
	if err := options.build(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	if err := options.apply(ctx, "local"); err != nil {
		return nil, err
	}
	if err := options.Plane.Register(ctx, options.Hub, Namespace, serviceName, s.port); err != nil {
		return nil, err
	}
	return s, errors.Join(options.logIn(ctx), s.writeAuditPolicy())
}

// LogFile is where the server logs to.
func (s *Server) LogFile() string { return filepath.Join(s.options.Dir, "capstan.log") }

// DataDir is the server's data directory, the embedded etcd in it.
func (s *Server) DataDir() string { return filepath.Join(s.options.Dir, "data") }

// URL is where the server listens.
func (s *Server) URL() string { return "https://127.0.0.1:" + strconv.Itoa(s.port) }

// PID is the process id of the running server.
func (s *Server) PID() int { return s.process.command.Process.Pid }

// Start runs the server, with flags for this run alone, and returns when the hub's aggregator
// reaches it.
func (s *Server) Start(ctx context.Context, flags ...string) error {
	if err := s.Launch(flags...); err != nil {
		return err
	}
	return s.Available(ctx)
}

// Launch runs the server, with flags for this run alone.
func (s *Server) Launch(flags ...string) (err error) {
	args := slices.Concat([]string{
		"--kubeconfig", s.options.kubeconfig(), "--namespace", Namespace, "--service-name", serviceName,
		"--service-port", strconv.Itoa(s.port), "--secure-port", strconv.Itoa(s.port), "--bind-address", "127.0.0.1",
		"--data-dir", s.DataDir(), "--shutdown-delay-duration", "0s", "-v", "2",
	}, s.auditFlags(), s.options.Args, flags)
	s.process, err = launch(s.options.binary(), s.LogFile(), args...)
	return err
}

// Available returns when both API groups answer through the hub.
func (s *Server) Available(ctx context.Context) error {
	return s.options.available(ctx, s.process, s.LogFile())
}

// available returns when both API groups answer through the hub; a server that ends is a failure.
func (o Options) available(ctx context.Context, server *process, log string) error {
	for {
		_, err := o.kubectl().Run(ctx, "get", "--raw", "/apis/argoproj.io/v1alpha1")
		if err == nil {
			_, err = o.kubectl().Run(ctx, "get", "clusters.capstan.dev")
		}
		if err == nil {
			_, err = o.kubectl().Run(ctx, "get", "applications.argoproj.io", "-A")
		}
		if err == nil {
			return nil
		}
		if ended, why := server.failure(); ended {
			return fmt.Errorf("the server ended (see %s): %w", log, errors.Join(why, err))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server is not available (see %s): %w", log, errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends the server in order.
func (s *Server) Stop() error { return s.end(syscall.SIGTERM) }

// Kill ends the server without warning.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

func (s *Server) end(signal syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	err := s.process.end(signal)
	s.process = nil
	return err
}
