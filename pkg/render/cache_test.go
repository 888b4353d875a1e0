// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	corrupt := func(pattern string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			names, err := filepath.Glob(filepath.Join(dir, "*", pattern))
			if err != nil || len(names) == 0 {
				t.Fatalf("no file is called %s: %v", pattern, err)
			}
			for _, name := range names {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				data[len(data)/2] ^= 0x55
				if err := os.WriteFile(name, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	tests := map[string]struct {
		between func(*testing.T, string)
		renders uint64
	}{
		"renders nothing": {between: func(*testing.T, string) {}, renders: 0},
		"renders again where manifests are damaged": {between: corrupt("*.zst"), renders: 1},
		"renders again where a read-set is damaged": {between: corrupt("*.json"), renders: 1},
		"renders again where manifests are swapped": {renders: 1, between: func(t *testing.T, dir string) {
			t.Helper()
			names, err := filepath.Glob(filepath.Join(dir, "*", "*.zst"))
			if err != nil || len(names) != 1 {
				t.Fatalf("%v, %v", names, err)
			}
			kept, err := newStore(mebibyte, nil)
			if err != nil {
				t.Fatal(err)
			}
			forged := kept.encoder.EncodeAll([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}`), nil)
			if err := os.WriteFile(names[0], forged, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		"forgets files that were cut short": {renders: 0, between: func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, "left"+partSuffix), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			input := inputOf(t, "path: overlays/prod", guestbook)
			before, err := newCache(t, Options{Dir: dir}).Render(t.Context(), input)
			if err != nil {
				t.Fatal(err)
			}
			test.between(t, dir)
			again := newCache(t, Options{Dir: dir})
			after, err := again.Render(t.Context(), input)
			if err != nil {
				t.Fatal(err)
			}
			if got := again.Counts().Renders; got != test.renders {
				t.Errorf("%d renders, want %d", got, test.renders)
			}
			if diff := cmp.Diff(before.Manifests, after.Manifests); diff != "" || before.Digest != after.Digest {
				t.Errorf("%v became %v: %s", before.Digest, after.Digest, diff)
			}
			if _, err := os.Stat(filepath.Join(dir, "left"+partSuffix)); err == nil {
				t.Error("a file that was cut short is still there")
			}
		})
	}
}

func TestStoredManifestsAreFoundByDigest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	output, err := newCache(t, Options{Dir: dir}).Render(t.Context(), inputOf(t, "path: overlays/prod", guestbook))
	if err != nil {
		t.Fatal(err)
	}
	restarted := newCache(t, Options{Dir: dir})
	got, ok := restarted.Stored(output.Digest)
	if !ok {
		t.Fatal("not found")
	}
	if diff := cmp.Diff(output.Manifests, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := restarted.Stored(manifest.DigestOf([]byte("x"))); ok {
		t.Error("found what was never stored")
	}
}

func TestTheFolderStaysWithinItsSize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const most = 20_000
	cache := newCache(t, Options{Dir: dir, DiskBytes: most})
	for i := range 60 {
		files := fmt.Sprintf("-- a.yaml --\n%sc%d\n", configMap, i)
		input := inputOf(t, fmt.Sprintf("{path: ., directory: {exclude: x%d}}", i), files)
		if _, err := cache.Render(t.Context(), input); err != nil {
			t.Fatal(err)
		}
	}
	total := int64(0)
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			total += info.Size()
		}
		return err
	})
	if err != nil || total > most || total == 0 {
		t.Errorf("the folder holds %d bytes, %v", total, err)
	}
}

func TestConcurrentRendersAreOne(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{Workers: 4})
	input := inputOf(t, "path: overlays/prod", guestbook)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			mine := input
			mine.Application = fmt.Sprintf("guestbook-%d", i)
			if _, err := cache.Render(t.Context(), mine); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if counts := cache.Counts(); counts != (Counts{Renders: 1, Hits: 39}) {
		t.Errorf("%+v", counts)
	}
}

func TestARenderOutlivesTheOneWhoAskedFirst(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	input := inputOf(t, "path: .", "-- a.yaml --\n"+configMap+"a\n")
	tree := slowTree{Tree: input.Tree, reading: make(chan struct{}), release: make(chan struct{})}
	input.Tree = tree
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := cache.Render(ctx, input)
		first <- err
	}()
	<-tree.reading
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who gave up got %v", err)
	}
	close(tree.release)
	if _, err := cache.Render(t.Context(), input); err != nil {
		t.Error(err)
	}
	if counts := cache.Counts(); counts.Renders != 1 {
		t.Errorf("%+v", counts)
	}
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	cache := newCache(t, Options{Registerer: registry})
	if _, err := cache.Render(t.Context(), inputOf(t, "path: .", "-- a.yaml --\n"+configMap+"a\n")); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, family := range families {
		names = append(names, family.GetName())
	}
	if got := strings.Join(names, " "); got != "capstan_render_cache_hits_total capstan_render_duration_seconds" {
		t.Error(got)
	}
	if _, err := New(Options{Registerer: registry}); err == nil {
		t.Error("a second Cache took the same names")
	}
}
