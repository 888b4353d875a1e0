// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/apiserver"
)

// lastMarkTimeout is how long a shutdown waits for the store to be marked.
const lastMarkTimeout = 5 * time.Second

// Server is an API server with its reconcilers, ready to run.
type Server struct {
	api        *apiserver.Server
	group      *controllerGroup
	guard      *storeGuard
	loops      []func(ctx context.Context)
	background sync.WaitGroup
	// close frees what outlives the API server: the store last.
	close []func() error
}

// Loopback reaches the server with every right.
func (s *Server) Loopback() *rest.Config {
	return rest.CopyConfig(s.api.LoopbackClientConfig)
}

// New validates the options and makes the server; an embedded etcd runs from here on. Background work of the parts
// ends with the context. Whoever does not Run the server has to Close it.
func (o CompletedOptions) New(ctx context.Context) (*Server, error) {
	if errs := o.Validate(); len(errs) > 0 {
		return nil, utilerrors.NewAggregate(errs)
	}
	s := &Server{}
	if err := s.build(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) build(ctx context.Context, o CompletedOptions) error {
	// An embedded etcd belongs to one process, which needs no election.
	elect := !o.embedded() && o.Detached == nil
	if o.embedded() {
		etcd, err := StartEtcd(ctx, EtcdOptions{Dir: o.DataDir})
		if err != nil {
			return err
		}
		s.close = append(s.close, etcd.Close)
		o = o.withEtcd(etcd.Endpoint())
	}
	b := &builder{options: o}
	err := b.connect(ctx)
	if s.guard = b.guard; s.guard != nil {
		s.close = append(s.close, s.guard.record.Close)
		s.loops = append(s.loops, s.guard.Run)
	}
	if err != nil {
		return err
	}
	config, err := b.configure(ctx)
	if err != nil {
		return err
	}
	s.loops = append(s.loops, b.parts.Background...)
	if s.api, err = config.Complete().New(); err != nil {
		return err
	}
	if err = s.addRegistrar(b); err != nil {
		return err
	}
	if s.group, err = b.controllers(elect); err != nil {
		return err
	}
	return s.addHooks()
}

// withEtcd returns the options with the endpoint of an etcd.
func (o CompletedOptions) withEtcd(endpoint string) CompletedOptions {
	changed, recommended, etcd := *o.Options, *o.Recommended, *o.Recommended.Etcd
	etcd.StorageConfig.Transport.ServerList = []string{endpoint}
	recommended.Etcd, changed.Recommended = &etcd, &recommended
	return CompletedOptions{&completedOptions{&changed}}
}

func (s *Server) addRegistrar(b *builder) error {
	if !b.options.Register {
		return nil
	}
	registered := newRegisteredGauge()
	if err := b.metrics.Register(registered); err != nil {
		return err
	}
	r := &registrar{
		apiServices: b.host.aggregator.ApiregistrationV1().APIServices(),
		metadata:    b.host.metadata, dynamic: b.host.dynamic,
		served: s.api.Resources, want: b.registration, registered: registered,
	}
	s.loops = append(s.loops, r.Run)
	return nil
}

// addHooks starts background work when the server listens and ends it in order when it stops.
func (s *Server) addHooks() error {
	err := s.api.AddPostStartHook("capstan", func(hook genericapiserver.PostStartHookContext) error {
		for _, loop := range s.loops {
			s.background.Go(func() { loop(hook) })
		}
		s.group.start(hook)
		return nil
	})
	return errors.Join(err, s.api.AddPreShutdownHook("capstan", func() error {
		s.group.stop()
		return s.lastMark()
	}))
}

// lastMark records what the reconcilers wrote last, so that a copy of the store from before is known to be older.
func (s *Server) lastMark() error {
	if s.guard == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastMarkTimeout)
	defer cancel()
	return s.guard.Pass(ctx)
}

// Run serves until the context ends, then stops in order and closes the server.
func (s *Server) Run(ctx context.Context) error {
	err := s.api.PrepareRun().RunWithContext(ctx)
	s.background.Wait()
	return errors.Join(err, s.Close())
}

// Close frees what the server holds outside of the API server, the store last.
func (s *Server) Close() error {
	var errs []error
	for _, c := range slices.Backward(s.close) {
		errs = append(errs, c())
	}
	s.close = nil
	return errors.Join(errs...)
}
