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

	"github.com/capstan-dev/capstan/pkg/apply"
)

// verbs are the methods of what was sent.
func (d *target) verbs() []string {
	var verbs []string
	for _, request := range d.sent() {
		verb, _, _ := strings.Cut(request, " ")
		verbs = append(verbs, verb)
	}
	return verbs
}

func TestHowAnObjectIsWritten(t *testing.T) {
	t.Parallel()
	// refuse answers the n-th request of a method as refused, and accepts all else.
	refuse := func(method string, answer http.HandlerFunc) func() http.HandlerFunc {
		return func() http.HandlerFunc {
			refused := false
			return func(w http.ResponseWriter, r *http.Request) {
				if r.Method == method && !refused {
					refused = true
					answer(w, r)
					return
				}
				accepted(w, r)
			}
		}
	}
	accept := func() http.HandlerFunc { return accepted }
	immutable := refused(422, metav1.StatusReasonInvalid, "spec.selector: field is immutable")
	unknown := refused(500, "", "failed to create typed patch object: .data.x: field not declared in schema")
	cases := map[string]struct {
		change   func(*apply.Change)
		handler  func() http.HandlerFunc
		verbs    []string
		failed   bool
		recreate bool
	}{
		"an apply is one request":                   {func(*apply.Change) {}, accept, []string{"PATCH"}, false, false},
		"a replacement puts the manifest over all":  {func(c *apply.Change) { c.Replace = true }, accept, []string{"GET", "PUT", "PATCH"}, false, false},
		"a replacement makes what is missing":       {func(c *apply.Change) { c.Replace = true }, refuse("GET", refused(404, metav1.StatusReasonNotFound, "gone")), []string{"GET", "POST", "PATCH"}, false, false},
		"a refused change fails":                    {func(*apply.Change) {}, refuse("PATCH", immutable), []string{"PATCH"}, true, false},
		"force deletes what refuses it":             {func(c *apply.Change) { c.Force = true }, refuse("PATCH", immutable), []string{"PATCH", "GET", "DELETE"}, false, true},
		"force does nothing to what is not refused": {func(c *apply.Change) { c.Force = true }, accept, []string{"PATCH"}, false, false},
		"an unknown field fails":                    {func(*apply.Change) {}, refuse("PATCH", unknown), []string{"PATCH"}, true, false},
		"an unknown field is dropped where that is asked for": {
			func(c *apply.Change) { c.Lenient = true }, refuse("PATCH", unknown), []string{"PATCH", "GET", "PUT", "GET"}, false, false,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTarget(t, c.handler())
			change := applyOf(t, "ConfigMap", "c")
			c.change(&change)
			got := one(t, d, change, apply.Options{})
			if diff := cmp.Diff(c.verbs, d.verbs()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if (got.Err != nil) != c.failed || got.Recreate != c.recreate {
				t.Errorf("result is %+v", got)
			}
			if at := slices.Index(d.verbs(), "DELETE"); at >= 0 && !strings.Contains(d.bodies[at], `"preconditions":{"uid":"u1"}`) {
				t.Errorf("the delete names no certain object: %s", d.bodies[at])
			}
			if at := slices.Index(d.verbs(), "PUT"); at >= 0 && !strings.Contains(d.bodies[at], `"resourceVersion":"7"`) {
				t.Errorf("the replacement names no version: %s", d.bodies[at])
			}
		})
	}
}

func TestFieldsOfPredecessorsAreTakenOver(t *testing.T) {
	t.Parallel()
	const foreign = `{"manager":"kubectl-client-side-apply","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1",` +
		`"fieldsV1":{"f:data":{"f:old":{}}}}`
	d := newTarget(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{"name":"c","uid":"u1",
			"resourceVersion":"7","managedFields":[%s,%s]}}`, strings.Replace(managedFields, `"fieldsType"`, `"apiVersion":"v1","fieldsType"`, 1), foreign)
	})
	change := applyOf(t, "ConfigMap", "c")
	change.Migrate = []string{"kubectl-client-side-apply"}
	if got := one(t, d, change, apply.Options{}); got.Err != nil {
		t.Fatalf("result is %+v", got)
	}
	if diff := cmp.Diff([]string{"PATCH", "PATCH", "PATCH"}, d.verbs()); diff != "" {
		t.Fatalf("requests (-want +got):\n%s", diff)
	}
	if patch := d.bodies[1]; !strings.Contains(patch, `f:old`) || strings.Contains(patch, "kubectl-client-side-apply") ||
		!strings.Contains(patch, `"value":"7"`) {
		t.Errorf("the fields are handed over by %s", patch)
	}
}
