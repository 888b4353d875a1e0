// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func TestDecideStore(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		memory *storeMemory
		store  storeRecord
		want   storeVerdict
	}{
		"is unknown before the host was asked":    {nil, storeRecord{ID: "a"}, storeUnknown},
		"is adopted where the host has no memory": {&storeMemory{}, storeRecord{ID: "a", Mark: 7}, storeAdopted},
		"is served where it is remembered":        {&storeMemory{ID: "a", HighWater: 5}, storeRecord{ID: "a", Mark: 5}, storeServed},
		"is served where it is ahead":             {&storeMemory{ID: "a", HighWater: 5}, storeRecord{ID: "a", Mark: 6}, storeServed},
		"is refused where it is older":            {&storeMemory{ID: "a", HighWater: 5}, storeRecord{ID: "a", Mark: 4}, storeOlder},
		"is refused where it is empty":            {&storeMemory{ID: "a"}, storeRecord{ID: "b", Empty: true}, storeEmpty},
		"is refused where it is another":          {&storeMemory{ID: "a"}, storeRecord{ID: "b"}, storeDifferent},
		"is adopted where it was accepted":        {&storeMemory{ID: "a", Accept: "b"}, storeRecord{ID: "b"}, storeAdopted},
		"is adopted where its age was accepted": {
			&storeMemory{ID: "a", HighWater: 5, Accept: "a"}, storeRecord{ID: "a", Mark: 4}, storeAdopted,
		},
		"is refused where yet another was accepted": {
			&storeMemory{ID: "a", Accept: "c"}, storeRecord{ID: "b"}, storeDifferent,
		},
		"is served though it is empty, when it is the remembered one": {
			&storeMemory{ID: "a"}, storeRecord{ID: "a", Empty: true}, storeServed,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := decideStore(tc.memory, tc.store); got != tc.want {
				t.Errorf("verdict %s, want %s", got, tc.want)
			}
		})
	}
}

// guardUnderTest is a guard with its store and its host cluster.
type guardUnderTest struct {
	*storeGuard
	host *fake.Clientset
}

func newGuard(t *testing.T, host *fake.Clientset, endpoint, prefix string) guardUnderTest {
	t.Helper()
	config := storagebackend.NewDefaultConfig(prefix, nil)
	config.Transport.ServerList = []string{endpoint}
	record, err := newEtcdRecord(*config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = record.Close() })
	memory := &hostMemory{configMaps: host.CoreV1().ConfigMaps("argocd")}
	return guardUnderTest{newStoreGuard(record, memory, "argocd"), host}
}

func (g guardUnderTest) pass(t *testing.T) error {
	t.Helper()
	if err := g.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g.Refusal()
}

func (g guardUnderTest) write(t *testing.T, key string) {
	t.Helper()
	if _, err := g.record.client.Put(t.Context(), g.record.prefix+key, "object"); err != nil {
		t.Fatal(err)
	}
	g.Wrote()
}

func (g guardUnderTest) remembered(t *testing.T) map[string]string {
	t.Helper()
	object, err := g.host.CoreV1().ConfigMaps("argocd").Get(t.Context(), storeConfigMap, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return object.Data
}

func (g guardUnderTest) accept(t *testing.T, id string) {
	t.Helper()
	patch := []byte(`{"metadata":{"annotations":{"` + acceptStoreAnnotation + `":"` + id + `"}}}`)
	_, err := g.host.CoreV1().ConfigMaps("argocd").Patch(
		t.Context(), storeConfigMap, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStoreGuard(t *testing.T) {
	t.Parallel()
	endpoint := startEtcd(t, t.TempDir()).Endpoint()

	t.Run("refuses until the host was asked, then serves a first store", func(t *testing.T) {
		t.Parallel()
		g := newGuard(t, fake.NewClientset(), endpoint, "/first")
		if err := g.Refusal(); !apierrors.IsServiceUnavailable(err) {
			t.Fatalf("before the first pass: %v, want 503", err)
		}
		if err := g.pass(t); err != nil {
			t.Fatalf("a first store is refused: %v", err)
		}
		if !happened(g.Served()) {
			t.Error("nobody is told that the store is served")
		}
	})
	t.Run("serves the same store after a restart", func(t *testing.T) {
		t.Parallel()
		host := fake.NewClientset()
		first := newGuard(t, host, endpoint, "/restart")
		if err := first.pass(t); err != nil {
			t.Fatal(err)
		}
		first.write(t, "a")
		if err := first.pass(t); err != nil {
			t.Fatal(err)
		}
		if err := newGuard(t, host, endpoint, "/restart").pass(t); err != nil {
			t.Errorf("after the restart: %v", err)
		}
	})
	t.Run("refuses an empty store, says how to go on, and goes on", func(t *testing.T) {
		t.Parallel()
		host := fake.NewClientset()
		before := newGuard(t, host, endpoint, "/wiped")
		_ = before.pass(t)
		wiped := newGuard(t, host, endpoint, "/wiped-now")
		err := wiped.pass(t)
		if !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), "is empty") {
			t.Fatalf("an empty store: %v, want a 503 that says so", err)
		}
		_, command, found := strings.Cut(err.Error(), acceptStoreAnnotation+"=")
		if !found {
			t.Fatalf("the refusal names no annotation: %v", err)
		}
		wiped.accept(t, command)
		if err := wiped.pass(t); err != nil {
			t.Fatalf("the accepted store is refused: %v", err)
		}
		if err := newGuard(t, host, endpoint, "/wiped").pass(t); err == nil {
			t.Error("the store from before is served beside the accepted one")
		}
	})
	t.Run("refuses a store with objects of somebody else", func(t *testing.T) {
		t.Parallel()
		host := fake.NewClientset()
		_ = newGuard(t, host, endpoint, "/mine").pass(t)
		other := newGuard(t, host, endpoint, "/other")
		other.write(t, "a")
		if err := other.pass(t); err == nil || !strings.Contains(err.Error(), "this is store") {
			t.Errorf("another store: %v, want a refusal that says so", err)
		}
	})
	t.Run("refuses a copy from before the last mark, even one with raised revisions", func(t *testing.T) {
		t.Parallel()
		host := fake.NewClientset()
		g := newGuard(t, host, endpoint, "/older")
		_ = g.pass(t)
		backup, err := g.record.client.Get(t.Context(), g.record.prefix+storeRecordKey)
		if err != nil {
			t.Fatal(err)
		}
		g.write(t, "a")
		_ = g.pass(t)
		if _, err := g.record.client.Put(
			t.Context(), g.record.prefix+storeRecordKey, string(backup.Kvs[0].Value)); err != nil {
			t.Fatal(err)
		}
		if err := g.pass(t); err == nil || !strings.Contains(err.Error(), "older") {
			t.Fatalf("the running server serves a store that went back: %v", err)
		}
		restarted := newGuard(t, host, endpoint, "/older")
		if err := restarted.pass(t); err == nil || !strings.Contains(err.Error(), "older") {
			t.Fatalf("a restored copy: %v, want a refusal that says so", err)
		}
		restarted.accept(t, g.remembered(t)[memoryID])
		if err := restarted.pass(t); err != nil {
			t.Errorf("the accepted copy is refused: %v", err)
		}
	})
	t.Run("serves a store that another replica marks at the same moment", func(t *testing.T) {
		t.Parallel()
		host := fake.NewClientset()
		one, two := newGuard(t, host, endpoint, "/both"), newGuard(t, host, endpoint, "/both")
		_ = one.pass(t)
		host.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
			_, _, err := one.record.Mark(t.Context(), one.serving.ID, 1000)
			return true, &corev1.ConfigMap{Data: map[string]string{memoryID: one.serving.ID, memoryHighWater: "1000"}}, err
		})
		if err := two.pass(t); err != nil {
			t.Errorf("the store is refused: %v", err)
		}
	})
	t.Run("writes nothing while nobody writes", func(t *testing.T) {
		t.Parallel()
		g := newGuard(t, fake.NewClientset(), endpoint, "/idle")
		_ = g.pass(t)
		g.write(t, "a")
		_ = g.pass(t)
		before := g.remembered(t)
		g.host.ClearActions()
		for range 3 {
			_ = g.pass(t)
		}
		if got := g.host.Actions(); len(got) != 0 {
			t.Errorf("idle passes made %d requests to the host", len(got))
		}
		if diff := cmp.Diff(before, g.remembered(t)); diff != "" || before[memoryHighWater] == "0" {
			t.Errorf("remembered (-before +after):\n%s", diff)
		}
	})
}

func TestStoreGuardRunsUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	g := newGuard(t, fake.NewClientset(), startEtcd(t, t.TempDir()).Endpoint(), "/run")
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.Run(t.Context())
	}()
	await(t, g.Served(), "the store to be served")
	if g.Refusal() != nil {
		t.Error("the store is refused after it was served")
	}
	select {
	case <-done:
		t.Error("the guard stopped by itself")
	case <-time.After(20 * time.Millisecond):
	}
}
