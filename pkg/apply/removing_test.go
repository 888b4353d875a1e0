// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apply"
)

func TestRelease(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/namespaces/shop/configmaps/c"
	held := func(uid, finalizers string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata",
				"metadata":{"name":"c","uid":%q,"finalizers":[%s]}}`, uid, finalizers)
		}
	}
	cases := map[string]struct {
		answer http.HandlerFunc
		action apply.Action
		want   []string
		patch  string
	}{
		"takes off its own finalizer and leaves others": {
			held("u1", `"foregroundDeletion","hold"`), apply.Release, []string{"GET " + path, "PATCH " + path},
			`[{"op":"test","path":"/metadata/uid","value":"u1"},{"op":"test","path":"/metadata/finalizers/1","value":"hold"},` +
				`{"op":"remove","path":"/metadata/finalizers/1"}]`,
		},
		"writes nothing where it is off already":       {held("u1", ""), apply.Release, []string{"GET " + path}, ""},
		"leaves another object of the name alone":      {held("u2", `"hold"`), apply.Release, []string{"GET " + path}, ""},
		"is content where there is no object any more": {refused(404, metav1.StatusReasonNotFound, "gone"), apply.Release, []string{"GET " + path}, ""},
		"deletes before it lets go": {
			held("u1", `"hold"`), apply.Delete, []string{"DELETE " + path, "GET " + path, "PATCH " + path},
			`[{"op":"test","path":"/metadata/uid","value":"u1"},{"op":"test","path":"/metadata/finalizers/0","value":"hold"},` +
				`{"op":"remove","path":"/metadata/finalizers/0"}]`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTarget(t, c.answer)
			change := deleteOf(t, "ConfigMap", "c")
			change.Action, change.Finalizer = c.action, "hold"
			if got := one(t, d, change, apply.Options{}); got.Err != nil {
				t.Fatalf("result is %+v", got)
			}
			if diff := cmp.Diff(c.want, d.sent()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if c.patch != "" {
				if diff := cmp.Diff(c.patch, d.bodies[len(d.bodies)-1]); diff != "" {
					t.Errorf("patch (-want +got):\n%s", diff)
				}
			}
		})
	}
}
