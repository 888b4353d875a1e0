// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/difference"
)

func TestFieldsOfRulesKeepTheirLiveValue(t *testing.T) {
	t.Parallel()
	rules, err := difference.Compile(v1alpha1.IgnoreDifferences{{Kind: "ConfigMap", JSONPointers: []string{"/data/k"}}})
	if err != nil {
		t.Fatal(err)
	}
	missing, conflict := refused(404, metav1.StatusReasonNotFound, "gone"), refused(409, metav1.StatusReasonConflict, "changed")
	for name, test := range map[string]struct {
		read     http.HandlerFunc // nil answers with the object
		conflict int              // how many writes conflict
		verbs    []string
		body     string // of the last write
		failed   bool
	}{
		"an object that is there": {
			verbs: []string{"GET", "PATCH"}, body: `"data":{"k":"theirs"}`,
		},
		"one that is missing": {
			read: missing, verbs: []string{"GET", "PATCH"}, body: `"data":{"k":"hunter2"}`,
		},
		"one that changed meanwhile": {
			conflict: 1, verbs: []string{"GET", "PATCH", "GET", "PATCH"}, body: `"data":{"k":"theirs"}`,
		},
		"one that changes all the time": {
			conflict: 100, verbs: slices.Repeat([]string{"GET", "PATCH"}, 5), body: `"data":{"k":"theirs"}`, failed: true,
		},
		"one that cannot be read": {
			read: refused(403, metav1.StatusReasonForbidden, "no"), verbs: []string{"GET"}, failed: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conflicts := test.conflict
			d := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodGet && test.read != nil:
					test.read(w, r)
				case r.Method == http.MethodGet:
					w.Header().Set("Content-Type", "application/json")
					_, _ = fmt.Fprint(w, `{"apiVersion":"v1","kind":"ConfigMap","data":{"k":"theirs"},
						"metadata":{"name":"c","namespace":"shop","uid":"u1","resourceVersion":"7"}}`)
				case conflicts > 0:
					conflicts--
					conflict(w, r)
				default:
					accepted(w, r)
				}
			})
			change := applyOf(t, "ConfigMap", "c")
			change.Respected = rules
			got := one(t, d, change, apply.Options{})
			if diff := cmp.Diff(test.verbs, d.verbs()); diff != "" || (got.Err != nil) != test.failed {
				t.Errorf("result %+v, requests (-want +got):\n%s", got, diff)
			}
			last := d.bodies[len(d.bodies)-1]
			if !strings.Contains(last, test.body) {
				t.Errorf("sent %s", last)
			}
			if there := test.read == nil; there != strings.Contains(last, `"resourceVersion":"7"`) {
				t.Errorf("the write is not bound to what was read: %s", last)
			}
		})
	}
}
