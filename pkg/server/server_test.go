// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/client-go/discovery"
)

func TestServerWithEmbeddedEtcd(t *testing.T) {
	t.Parallel()
	l, cached := newProbe(), make(chan struct{})
	o := newOptions(t)
	o.Assembly.Build = func(context.Context, Dependencies) (*Parts, error) {
		return &Parts{
			Controllers: []Controller{l, unchosen{}},
			Background:  []func(context.Context){func(ctx context.Context) { <-ctx.Done(); close(cached) }},
			Handlers: map[string]http.Handler{"/hook": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNoContent)
			})},
		}, nil
	}
	server, stop := launch(t, o, "--data-dir="+t.TempDir(), "--controllers=probe", "--shutdown-delay-duration=0s")
	await(t, l.running, "the controller to run")
	client := discovery.NewDiscoveryClientForConfigOrDie(server.Loopback()).RESTClient()
	var code int
	if err := client.Get().AbsPath("/hook").Do(t.Context()).StatusCode(&code).Error(); err != nil || code != 204 {
		t.Errorf("the handler of the parts answers %d, %v", code, err)
	}
	stop()
	if !happened(l.stopped) || !happened(cached) {
		t.Error("the server stopped before its controllers and its background work")
	}
	// The data directory was freed: another server may have it.
	again, stopAgain := launch(t, newOptions(t), "--data-dir="+o.DataDir, "--shutdown-delay-duration=0s")
	waitReady(t, again)
	stopAgain()
}

type unchosen struct{}

func (unchosen) Name() string { return "unchosen" }

func (unchosen) Run(context.Context) error {
	panic("a controller ran that --controllers does not choose")
}

// launch starts a detached server.
func launch(t *testing.T, o *Options, args ...string) (server *Server, stop func()) {
	t.Helper()
	o.Assembly.ControllerNames = append(o.Assembly.ControllerNames, "probe")
	o.Detached = &Detached{
		Authenticator: authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
			return nil, false, nil
		}),
		Authorizer: authorizerfactory.NewAlwaysAllowAuthorizer(),
	}
	var err error
	if o.Recommended.SecureServing.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	if server, err = parse(t, o, args).New(ctx); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Run(ctx) }()
	return server, func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("the server stopped with: %v", err)
		}
	}
}

func waitReady(t *testing.T, server *Server) {
	t.Helper()
	client := discovery.NewDiscoveryClientForConfigOrDie(server.Loopback()).RESTClient()
	var err error
	for range 200 {
		if err = client.Get().AbsPath("/readyz").Do(t.Context()).Error(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the server is not ready: %v", err)
}

func TestNewLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := newOptions(t)
	// Without a kubeconfig and outside of a Pod there is no host cluster.
	if _, err := parse(t, o, []string{"--data-dir=" + dir}).New(t.Context()); err == nil {
		t.Fatal("a server was made without a host cluster")
	}
	startEtcd(t, dir)
}
