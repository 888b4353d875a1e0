// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"os"
	"sync"
	"testing"

	"github.com/capstan-dev/capstan/pkg/server"
)

// etcdProcess is the one etcd that the servers of a test binary share, each under a prefix of its own.
type etcdProcess struct {
	mu    sync.Mutex
	users int
	etcd  *server.Etcd
	dir   string
}

var shared etcdProcess //nolint:gochecknoglobals // one etcd a test binary is what makes a server start in a moment

// sharedEtcd starts etcd for the first of the tests that run and stops it with the last.
func sharedEtcd(t testing.TB) string {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.users == 0 {
		shared.start(t)
	}
	shared.users++
	t.Cleanup(func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if shared.users--; shared.users == 0 {
			shared.stop(t)
		}
	})
	return shared.etcd.Endpoint()
}

func (p *etcdProcess) start(t testing.TB) {
	t.Helper()
	dir, err := os.MkdirTemp("", "capstan-test-") //nolint:usetesting // it outlives the test that starts etcd
	if err != nil {
		t.Fatal(err)
	}
	p.dir = dir
	if p.etcd, err = server.StartEtcd(t.Context(), server.EtcdOptions{Dir: dir, UnsafeNoFsync: true}); err != nil {
		t.Fatal(err)
	}
}

func (p *etcdProcess) stop(t testing.TB) {
	t.Helper()
	if err := p.etcd.Close(); err != nil {
		t.Errorf("stop etcd: %v", err)
	}
	if err := os.RemoveAll(p.dir); err != nil {
		t.Errorf("remove the data of etcd: %v", err)
	}
}
