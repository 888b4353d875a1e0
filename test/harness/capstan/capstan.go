// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package capstan runs the real server beside a real control plane: deployed by the
// manifests that users deploy, and with the rights of its ServiceAccount alone.
//
// Input: a control plane. Output: a server that the cluster's aggregator finds, which can
// be stopped, killed and started again with its data.
package capstan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

const (
	// Namespace is the control-plane namespace.
	Namespace = "argocd"
	account   = "capstan"
	service   = "capstan-apiserver"
)

// Options says how to run the server.
type Options struct {
	// Root is the root of the repository.
	Root string
	// Dir keeps the binary, the data and the log.
	Dir string
	// Plane and Hub are where the server is registered.
	Plane *plane.Plane
	Hub   string
	// Args are further flags.
	Args []string
	// Audit has every request but the server's own written to its audit log.
	Audit bool
	// Race builds with the race detector.
	Race bool
	// Out takes what the build prints.
	Out io.Writer
}

// Server is a server process.
type Server struct {
	options Options
	binary  string
	port    int
	command *exec.Cmd
	ended   chan error
}

// Deploy builds the server, applies the manifests to the hub, and gives the server the
// kubeconfig of its ServiceAccount. It does not start it.
func Deploy(ctx context.Context, options Options) (*Server, error) {
	s := &Server{options: options, binary: filepath.Join(options.Dir, "capstan-apiserver")}
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	if err := options.Plane.Register(ctx, options.Hub, Namespace, service, s.port); err != nil {
		return nil, err
	}
	manifests := filepath.Join(options.Root, "artifacts", "deploy", "local")
	if _, err := s.kubectl().Run(ctx, "apply", "--server-side", "-k", manifests); err != nil {
		return nil, err
	}
	return s, errors.Join(s.writeKubeconfig(ctx), s.writeAuditPolicy())
}

func (s *Server) kubectl() plane.Kubectl { return s.options.Plane.Kubectl(s.options.Hub) }

func (s *Server) build(ctx context.Context) error {
	args := []string{"build", "-o", s.binary}
	if s.options.Race {
		args = append(args, "-race")
	}
	if err := os.MkdirAll(s.options.Dir, 0o700); err != nil {
		return fmt.Errorf("make the server's folder: %w", err)
	}
	command := exec.CommandContext(ctx, "go", append(args, "./cmd/capstan-apiserver")...)
	command.Dir = s.options.Root
	command.Stdout, command.Stderr = s.options.Out, s.options.Out
	if err := command.Run(); err != nil {
		return fmt.Errorf("build capstan-apiserver: %w", err)
	}
	return nil
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close() //nolint:errcheck // it was listened on for its number alone.
	address, isTCP := listener.Addr().(*net.TCPAddr)
	if !isTCP {
		return 0, errors.New("find a free port: not a TCP address")
	}
	return address.Port, nil
}

// writeKubeconfig logs in as the ServiceAccount: what it may not do, the server cannot do.
func (s *Server) writeKubeconfig(ctx context.Context) error {
	token, err := s.kubectl().Run(ctx, "create", "token", account, "-n", Namespace, "--duration", "8h")
	if err != nil {
		return err
	}
	raw, err := s.kubectl().Run(ctx, "config", "view", "--raw", "-o",
		"jsonpath={.clusters[0].cluster.certificate-authority-data}")
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: hub
contexts: [{name: hub, context: {cluster: hub, user: %s}}]
clusters: [{name: hub, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: %s, user: {token: %s}}]
`, account, s.options.Plane.Clusters[s.options.Hub].Server, raw, account, token)
	return os.WriteFile(s.kubeconfig(), []byte(text), 0o600)
}

func (s *Server) kubeconfig() string { return filepath.Join(s.options.Dir, "capstan.kubeconfig") }

// LogFile is where the server logs to.
func (s *Server) LogFile() string { return filepath.Join(s.options.Dir, "capstan.log") }

// DataDir is the server's data directory, the embedded etcd in it.
func (s *Server) DataDir() string { return filepath.Join(s.options.Dir, "data") }

// URL is where the server listens.
func (s *Server) URL() string { return "https://127.0.0.1:" + strconv.Itoa(s.port) }

// PID is the process id of the running server.
func (s *Server) PID() int { return s.command.Process.Pid }

// Start runs the server, with flags for this run alone, and returns when the hub's aggregator
// reaches it.
func (s *Server) Start(ctx context.Context, flags ...string) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	args := slices.Concat([]string{
		"--kubeconfig", s.kubeconfig(), "--namespace", Namespace, "--service-name", service,
		"--service-port", strconv.Itoa(s.port), "--secure-port", strconv.Itoa(s.port), "--bind-address", "127.0.0.1",
		"--data-dir", s.DataDir(), "--shutdown-delay-duration", "0s", "-v", "2",
	}, s.auditFlags(), s.options.Args, flags)
	s.command = exec.Command(s.binary, args...) //nolint:noctx // it ends by Stop or Kill.
	s.command.Stdout, s.command.Stderr = log, log
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return errors.Join(fmt.Errorf("start capstan-apiserver: %w", err), log.Close())
	}
	s.ended = make(chan error, 1)
	go func(command *exec.Cmd, ended chan<- error) {
		ended <- errors.Join(command.Wait(), log.Close())
	}(s.command, s.ended)
	return s.Available(ctx)
}

// Available returns when both API groups answer through the hub.
func (s *Server) Available(ctx context.Context) error {
	for {
		_, err := s.kubectl().Run(ctx, "get", "--raw", "/apis/argoproj.io/v1alpha1")
		if err == nil {
			_, err = s.kubectl().Run(ctx, "get", "clusters.capstan.dev")
		}
		if err == nil {
			_, err = s.kubectl().Run(ctx, "get", "applications.argoproj.io", "-A")
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server is not available (see %s): %w", s.LogFile(), errors.Join(ctx.Err(), err))
		case ended := <-s.ended:
			s.ended <- ended
			return fmt.Errorf("the server ended (see %s): %w", s.LogFile(), ended)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends the server in order.
func (s *Server) Stop() error { return s.signal(syscall.SIGTERM) }

// Kill ends the server without warning.
func (s *Server) Kill() error { return s.signal(syscall.SIGKILL) }

func (s *Server) signal(signal syscall.Signal) error {
	if s.command == nil {
		return nil
	}
	if err := s.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop capstan-apiserver: %w", err)
	}
	var exit *exec.ExitError
	if ended := <-s.ended; ended != nil && !errors.As(ended, &exit) {
		return fmt.Errorf("end capstan-apiserver: %w", ended)
	}
	s.command = nil
	return nil
}
