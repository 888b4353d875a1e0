// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

// BenchmarkCacheHit is what an application costs whose files did not change: on the same
// tree, and on a tree where other files changed.
func BenchmarkCacheHit(b *testing.B) {
	cache := newCache(b, Options{})
	input := inputOf(b, "path: overlays/prod", guestbook)
	if _, err := cache.Render(b.Context(), input); err != nil {
		b.Fatal(err)
	}
	other := input
	other.Tree = source.Memory(filesOf(guestbook + "-- elsewhere --\n"))
	for name, input := range map[string]Input{"same tree": input, "other tree": other} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if output, err := cache.Render(b.Context(), input); err != nil || !output.Cached {
					b.Fatal(output.Cached, err)
				}
			}
		})
	}
}

// BenchmarkKustomizeOverlay is a render by a warm worker: base, overlay and options.
func BenchmarkKustomizeOverlay(b *testing.B) {
	cache := newCache(b, Options{})
	round := 0
	for b.Loop() {
		round++
		input := inputOf(b, "path: overlays/prod", guestbook)
		input.Source = inputOf(b, fmt.Sprintf("{path: overlays/prod, kustomize: {namePrefix: p%d-}}", round), "").Source
		if _, err := cache.Render(b.Context(), input); err != nil {
			b.Fatal(err)
		}
	}
}
