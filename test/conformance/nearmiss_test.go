// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/test/harness/peer"
)

// TestNearMisses puts right and wrong values at every place of the peers' schemas, one at a time, and requires that the
// server does with each what the peer's schema does.
func TestNearMisses(t *testing.T) {
	t.Parallel()
	client, kinds, seen := startServer(t), peer.Kinds(t), map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		kind, wrongs := kinds[name], &wrongs{}
		var sending errgroup.Group
		sending.SetLimit(4)
		for _, p := range places(t, kind.Schema, seen) {
			for _, v := range variants(p.schema()) {
				sending.Go(func() error {
					near := nearMiss{kind: kind, place: p, variant: v}
					if !near.beyondThePeer() {
						wrongs.add(near, near.wrong(t.Context(), client))
					}
					return nil
				})
			}
		}
		_ = sending.Wait()
		t.Logf("%s: %d objects", name, wrongs.sent)
		for _, wrong := range wrongs.found {
			t.Error(wrong)
		}
	}
}

// wrongs gathers what is wrong with the objects of a kind.
type wrongs struct {
	mu    sync.Mutex
	sent  int
	found []string
}

func (w *wrongs) add(near nearMiss, wrong []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent++
	if len(wrong) > 0 {
		w.found = append(w.found, fmt.Sprintf("%s of which %s is %s: %s",
			near.kind.Name, near.place, near.variant.name, strings.Join(wrong, "\n")))
	}
}

// nearMiss is an object with one value that may be wrong.
type nearMiss struct {
	kind    *peer.Kind
	place   place
	variant variant
}

func (n nearMiss) object(value any) unstructured.Unstructured {
	object := unstructured.Unstructured{}
	object.Object, _ = n.place.with(value).(map[string]any)
	object.SetAPIVersion("argoproj.io/v1alpha1")
	object.SetKind(n.kind.Name)
	object.SetName("near")
	if n.kind.Namespaced {
		object.SetNamespace("argocd")
	}
	return object
}

// wrong sends the object, which the server does not store, and says what is wrong with the answer.
func (n nearMiss) wrong(ctx context.Context, client rest.Interface) []string {
	value := n.variant.value
	if n.variant.literal != "" {
		value = n.variant.literal
	}
	sent, err := newSender(client, n.kind, n.object(value))
	if err != nil {
		return []string{err.Error()}
	}
	if n.variant.literal != "" {
		sent.body = bytes.ReplaceAll(sent.body, fmt.Appendf(nil, "%q", n.variant.literal), []byte(n.variant.literal))
	}
	_, wrong := judge(n.kind, n.kind.Judge(n.object(n.variant.value).Object), sent.create(ctx, "All"))
	return wrong
}

// beyondThePeer says that the peer's schema lets a value through that its own types cannot read.
func (n nearMiss) beyondThePeer() bool {
	s := n.place.schema()
	_, isList := n.variant.value.([]any)
	return s.XIntOrString && n.variant.value == huge || s.Format == "date-time" && isList
}
