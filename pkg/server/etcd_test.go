// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func dial(t *testing.T, e *Etcd) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{e.Endpoint()}, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func startEtcd(t *testing.T, dir string) *Etcd {
	t.Helper()
	e, err := StartEtcd(t.Context(), EtcdOptions{Dir: dir, UnsafeNoFsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestEmbeddedEtcd(t *testing.T) {
	t.Parallel()
	t.Run("keeps its data over a restart", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		first := startEtcd(t, dir)
		if _, err := dial(t, first).Put(t.Context(), "/k", "v"); err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := dial(t, startEtcd(t, dir)).Get(t.Context(), "/k")
		if err != nil {
			t.Fatal(err)
		}
		if got.Count != 1 || string(got.Kvs[0].Value) != "v" {
			t.Errorf("after the restart: %v, want the value written before", got.Kvs)
		}
	})
	t.Run("refuses a directory in use and leaves its owner alone", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		first := startEtcd(t, dir)
		_, err := StartEtcd(t.Context(), EtcdOptions{Dir: dir, UnsafeNoFsync: true})
		if err == nil || !strings.Contains(err.Error(), "--data-dir") {
			t.Errorf("second start: %v, want an error that names --data-dir", err)
		}
		if _, err := dial(t, first).Put(t.Context(), "/k", "v"); err != nil {
			t.Errorf("the first etcd no longer serves: %v", err)
		}
	})
	t.Run("is reached through a directory that its owner alone can enter", func(t *testing.T) {
		t.Parallel()
		for _, dir := range []string{
			filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), strings.Repeat("long", 25)),
		} {
			e := startEtcd(t, dir)
			if !strings.HasPrefix(e.Endpoint(), "unix:///") || len(e.server.Clients) != 1 || len(e.server.Peers) != 0 {
				t.Fatalf("endpoint %s, %d peer listeners, want one Unix socket", e.Endpoint(), len(e.server.Peers))
			}
			info, err := os.Stat(filepath.Dir(strings.TrimPrefix(e.Endpoint(), "unix://")))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != fs.FileMode(0o700) {
				t.Errorf("mode of the socket's directory %s, want 0700", info.Mode())
			}
		}
	})
}
