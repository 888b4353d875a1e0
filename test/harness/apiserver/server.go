// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apiserver runs the whole API in the process of a test, on a real etcd and without a host cluster.
package apiserver

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/server"
)

const (
	readyTimeout = 20 * time.Second
	readyPoll    = 10 * time.Millisecond
)

// Options says what a server of a test is made of.
type Options struct {
	// Assembly is what is served; nil serves the product.
	Assembly *server.Assembly
	// Configure changes the options before the server is made; nil changes nothing.
	Configure func(*server.Options)
}

// Server is an API server that runs until its test ends.
type Server struct {
	// Config reaches the server with every right.
	Config *rest.Config
	// Rules decide what the users of As may do. Everything is allowed until the first rule is set.
	Rules *Rules

	stop func()
}

// Start starts a server and returns when it is ready. It stops with the test at the latest.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	s := &Server{Rules: &Rules{}}
	options := s.options(t, opts)
	completed, err := options.Complete()
	if err != nil {
		t.Fatalf("complete the options: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	running, err := completed.New(ctx)
	if err != nil {
		cancel()
		t.Fatalf("make the server: %v", err)
	}
	s.Config = running.Loopback()
	s.Config.QPS = -1
	stopped := make(chan error, 1)
	go func() { stopped <- running.Run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("the server stopped with: %v", err)
		}
		s.stop = func() {}
	}
	t.Cleanup(s.Stop)
	s.waitReady(t)
	return s
}

// Stop stops the server in order, as SIGTERM does.
func (s *Server) Stop() {
	s.stop()
}

// As returns a configuration that acts as a user; every user is in system:authenticated.
func (s *Server) As(name string, groups ...string) *rest.Config {
	config := rest.CopyConfig(s.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
	return config
}

func (s *Server) options(t testing.TB, opts Options) *server.Options {
	t.Helper()
	assembly := opts.Assembly
	if assembly == nil {
		assembly = server.NewAssembly()
	}
	options, err := server.NewOptions(assembly, utilfeature.DefaultMutableFeatureGate.DeepCopy())
	if err != nil {
		t.Fatalf("make the options: %v", err)
	}
	if err = options.Run.ComponentGlobalsRegistry.Set(); err != nil {
		t.Fatalf("set the feature gates: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // the server closes it
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	options.Recommended.SecureServing.Listener = listener
	options.Recommended.Etcd.StorageConfig.Prefix = "/" + uuid.NewString()
	options.Recommended.Etcd.StorageConfig.Transport.ServerList = []string{sharedEtcd(t)}
	options.Run.ShutdownDelayDuration = 0
	options.Run.ShutdownWatchTerminationGracePeriod = 0
	options.Run.ShutdownSendRetryAfter = false
	options.Detached = &server.Detached{
		Authenticator: nobody{},
		Authorizer:    authorizer.AuthorizerFunc(s.Rules.Authorize),
	}
	if opts.Configure != nil {
		opts.Configure(options)
	}
	return options
}

func (s *Server) waitReady(t testing.TB) {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.Config)
	if err != nil {
		t.Fatalf("make a client: %v", err)
	}
	var last error
	var body []byte
	err = wait.PollUntilContextTimeout(context.Background(), readyPoll, readyTimeout, true,
		func(ctx context.Context) (bool, error) {
			body, last = client.Discovery().RESTClient().Get().AbsPath("/readyz").Param("verbose", "").DoRaw(ctx)
			return last == nil, nil
		})
	if err != nil {
		t.Fatalf("the server is not ready: %v\n%s", last, body)
	}
}
