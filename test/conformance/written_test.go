// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// written is an object that was sent, and what the server keeps of it.
type written struct {
	*sender
	from string
	kept answer
	// applied says that the object is one of server-side apply, which takes no field that is not in the schema.
	applied bool
}

// apply applies an object that was created. One with unknown fields is refused.
func apply(t *testing.T, from string, object *sender, created answer, unknown []string) *written {
	t.Helper()
	got := object.apply(t.Context())
	if len(unknown) == 0 {
		if got.err != nil {
			t.Errorf("apply: %v", got.err)
		}
		return &written{object, from, got, got.err == nil}
	}
	if !slices.ContainsFunc(unknown, func(name string) bool {
		return got.err != nil && strings.Contains(got.err.Error(), "."+name+": field not declared")
	}) {
		t.Errorf("applying the unknown fields %v is answered by: %v", unknown, got.err)
	}
	return &written{object, from, created, false}
}

// applyAgain sends the same by server-side apply and by PUT, of which none writes anything, and as kubectl apply does.
func (w *written) applyAgain(t *testing.T) {
	t.Helper()
	if w.applied {
		w.unchanged(t, "server-side apply of", w.apply(t.Context()))
	}
	w.unchanged(t, "a PUT of", w.replace(t.Context()))
	w.kept = w.applyByClient(t.Context(), w.kept.object)
}

// applyAgainByClient sends the same as kubectl apply does, which writes nothing. The first time it may: it takes out of a
// pod template a null that a PUT keeps there.
func (w *written) applyAgainByClient(t *testing.T) {
	t.Helper()
	w.unchanged(t, "client-side apply of", w.applyByClient(t.Context(), w.kept.object))
}

func (w *written) unchanged(t *testing.T, how string, got answer) {
	t.Helper()
	switch err := errors.Join(w.kept.err, got.err); {
	case err != nil:
		t.Errorf("%s %s again: %v", how, w.from, err)
	case got.object.GetResourceVersion() != w.kept.object.GetResourceVersion():
		t.Errorf("%s %s again writes it:\n%s", how, w.from, cmp.Diff(w.kept.object.Object, got.object.Object))
		w.kept = got
	}
}
