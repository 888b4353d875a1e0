// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/traffic"
)

// TestNoObjectMakesARouterFail puts something else in the place of every value of every object: an API server without
// a schema keeps whatever it is given. A router says that it cannot drive such an object, or drives it for good.
func TestNoObjectMakesARouterFail(t *testing.T) {
	t.Parallel()
	intent := mirrored(headed(split(20), "beta"), "copy", nil)
	intent.Stable.Weight, intent.Additional = 70, []traffic.Destination{{Service: "trial", Weight: 10}}
	for name, tc := range routerCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, tc.canary))
			during := routed(t, router, intent, liveOf(t, tc.live))
			spoiled := 0
			for ref, object := range during {
				for _, variant := range spoil(object.Object) {
					live := maps.Clone(during)
					live[ref] = &unstructured.Unstructured{Object: variant.(map[string]any)} //nolint:forcetypeassert // The root is kept.
					for _, want := range []traffic.Intent{intent, split(0)} {
						drive(t, router, want, live)
					}
					spoiled++
				}
			}
			if spoiled < 50 {
				t.Errorf("only %d objects were spoiled", spoiled)
			}
		})
	}
}

// drive routes twice: the second time there must be nothing to do.
func drive(t *testing.T, router traffic.Router, intent traffic.Intent, live traffic.Live) {
	t.Helper()
	changes, err := router.Route(intent, live)
	if err != nil {
		return
	}
	after := maps.Clone(live)
	for _, change := range changes {
		after[change.Ref] = change.Object
		if change.Delete {
			delete(after, change.Ref)
		}
	}
	again, err := router.Route(intent, after)
	if err != nil || len(again) > 0 {
		t.Errorf("a second call returns %d changes and %v, of %v", len(again), err, live)
	}
}

// spoil returns copies of a value, in each of which one value within is another.
func spoil(value any) []any {
	var variants []any
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			for _, variant := range within(value[key]) {
				changed := maps.Clone(value)
				changed[key] = variant
				variants = append(variants, changed)
			}
		}
	case []any:
		for index := range value {
			for _, variant := range within(value[index]) {
				changed := slices.Clone(value)
				changed[index] = variant
				variants = append(variants, changed)
			}
		}
	}
	return variants
}

// within returns what can stand in the place of a value: anything else, or the value with something spoiled in it.
func within(value any) []any {
	variants := spoil(value)
	for _, other := range []any{nil, "x", int64(7), []any{}, []any{"x"}, map[string]any{}, map[string]any{"x": "x"}} {
		if fmt.Sprint(other) != fmt.Sprint(value) {
			variants = append(variants, other)
		}
	}
	return variants
}
