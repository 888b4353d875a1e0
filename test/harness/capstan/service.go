// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// service stands for the cluster's Service: it leads each connection to one of the replicas
// in turn, past those that do not listen.
type service struct {
	listener *net.TCPListener

	mu       sync.Mutex
	backends []string
	next     int
	open     map[net.Conn]struct{}
}

func newService(ctx context.Context) (*service, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the replicas: %w", err)
	}
	tcp, isTCP := listener.(*net.TCPListener)
	if !isTCP {
		return nil, errors.Join(errors.New("listen for the replicas: no TCP listener"), listener.Close())
	}
	s := &service{listener: tcp, open: map[net.Conn]struct{}{}}
	go s.serve()
	return s, nil
}

func (s *service) port() int {
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	number, failure := strconv.Atoi(port)
	if err != nil || failure != nil {
		return 0
	}
	return number
}

// route leads from here on to these backends alone; connections to others are cut.
func (s *service) route(backends ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backends = backends
	for connection := range s.open {
		_ = connection.Close()
	}
}

func (s *service) serve() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.lead(client)
	}
}

func (s *service) lead(client net.Conn) {
	defer s.forget(client)
	server := s.dial()
	if server == nil {
		return
	}
	defer s.forget(server)
	s.remember(client, server)
	var copying sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		copying.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			// Neither half is of use without the other.
			_, _ = client.Close(), server.Close()
		})
	}
	copying.Wait()
}

// dial returns a connection to the next backend that listens, nil where none does.
func (s *service) dial() net.Conn {
	s.mu.Lock()
	backends, first := s.backends, s.next
	s.next++
	s.mu.Unlock()
	for i := range backends {
		server, err := net.DialTimeout("tcp", backends[(first+i)%len(backends)], time.Second)
		if err == nil {
			return server
		}
	}
	return nil
}

func (s *service) remember(connections ...net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, connection := range connections {
		s.open[connection] = struct{}{}
	}
}

func (s *service) forget(connection net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, connection)
	_ = connection.Close()
}

func (s *service) close() error {
	s.route()
	return s.listener.Close()
}
