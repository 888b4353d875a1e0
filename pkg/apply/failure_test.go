// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apply"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	clusterScoped := apply.Change{Action: apply.Apply, Manifest: manifestOf(t,
		"{apiVersion: v1, kind: Namespace, metadata: {name: shop, namespace: shop}}")}
	noNamespace := apply.Change{Action: apply.Apply, Manifest: manifestOf(t,
		"{apiVersion: v1, kind: Secret, metadata: {name: s}}")}
	generated := apply.Change{Action: apply.Apply, Manifest: manifestOf(t,
		"{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a-, namespace: shop}}")}
	noUID := deleteOf(t, "ConfigMap", "c")
	noUID.UID = ""
	tests := map[string]struct {
		change apply.Change
		want   string
		retry  bool
	}{
		"a name that leads to another URL":           {applyOf(t, "ConfigMap", "../secrets/s"), "metadata.name", false},
		"a name that the server would make up":       {generated, "metadata.name must be set", false},
		"a namespaced object without namespace":      {noNamespace, "metadata.namespace must be set", false},
		"a cluster-scoped object with a namespace":   {clusterScoped, "metadata.namespace must be empty", false},
		"a delete of whatever object has the name":   {noUID, "UID", false},
		"a kind whose definition is not there (yet)": {applyOf(t, "Widget", "w"), "CustomResourceDefinition", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTarget(t, accepted)
			got := one(t, d, test.change, apply.Options{})
			if got.Status != apply.SyncFailed || !strings.Contains(got.Message, test.want) {
				t.Errorf("result is %+v, want %q in its message", got, test.want)
			}
			if apply.Retryable(got.Err) != test.retry {
				t.Errorf("retryable is %t", !test.retry)
			}
			if sent := d.sent(); len(sent) != 0 {
				t.Errorf("requests were sent: %q", sent)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	quoting := metav1.StatusCause{Type: "FieldValueInvalid", Field: "data[k]", Message: "Invalid value: hunter2"}
	tests := map[string]struct {
		kind    string
		handler http.HandlerFunc
		want    string
		retry   bool
	}{
		"of an object carry the server's words": {
			kind: "ConfigMap", handler: refused(422, metav1.StatusReasonInvalid, "spec: Invalid value:\n immutable"),
			want: "spec: Invalid value:  immutable",
		},
		"of a Secret name the field and withhold the value": {
			kind: "Secret", handler: refused(422, metav1.StatusReasonInvalid, "Invalid value: hunter2", quoting),
			want: "the API server refused the Secret: Invalid: data[k] (FieldValueInvalid)",
		},
		"of a Secret that does not decode withhold the value": {
			kind: "Secret", handler: refused(500, "", "illegal base64 data in hunter2"),
			want: "the API server refused the Secret: it does not fit the schema of its kind (code 500)",
		},
		"of a Secret by a webhook withhold its words, and may pass": {
			kind: "Secret", handler: refused(500, metav1.StatusReasonInternalError, "webhook says hunter2"),
			want: "the API server refused the Secret: InternalError", retry: true,
		},
		"in a namespace that is being deleted may pass": {
			kind: "ConfigMap",
			handler: refused(403, metav1.StatusReasonForbidden, "terminating",
				metav1.StatusCause{Type: "NamespaceTerminating", Field: "metadata.namespace"}),
			want: "terminating", retry: true,
		},
		"for lack of a right do not pass": {
			kind: "ConfigMap", handler: refused(403, metav1.StatusReasonForbidden, "no right"), want: "no right",
		},
		"for a URL that is not served yet may pass": {
			kind: "ConfigMap", want: "the cluster does not serve ConfigMap yet; it is tried again", retry: true,
			handler: http.NotFound,
		},
		"for a missing namespace do not pass": {
			kind: "ConfigMap", handler: refused(404, metav1.StatusReasonNotFound, "namespaces \"shop\" not found"),
			want: "namespaces \"shop\" not found",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTarget(t, test.handler)
			got := one(t, d, applyOf(t, test.kind, "c"), apply.Options{})
			if got.Status != apply.SyncFailed || got.Message != test.want {
				t.Errorf("status %s, message %q, want %q", got.Status, got.Message, test.want)
			}
			if apply.Retryable(got.Err) != test.retry {
				t.Errorf("retryable is %t, want %t", !test.retry, test.retry)
			}
			if test.kind == "Secret" && strings.Contains(fmt.Sprintf("%+v %#v", got, got.Err), "hunter2") {
				t.Errorf("result quotes the Secret: %+v", got)
			}
			if sent := len(d.sent()); sent != 1 {
				t.Errorf("%d requests, want 1", sent)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	known, unserved := deleteOf(t, "ConfigMap", "c"), deleteOf(t, "Widget", "w")
	tests := map[string]struct {
		change  apply.Change
		handler http.HandlerFunc
		want    apply.Status
	}{
		"removes the object":                      {known, accepted, apply.Pruned},
		"is done where the object is gone":        {known, refused(404, "NotFound", "gone"), apply.Pruned},
		"is done where the kind is gone":          {unserved, accepted, apply.Pruned},
		"is not done where the URL is not served": {known, http.NotFound, apply.SyncFailed},
		"leaves another object of the name alone": {known, refused(409, "Conflict", "UID"), apply.PruneSkipped},
		"fails where it is forbidden":             {known, refused(403, "Forbidden", "no"), apply.SyncFailed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTarget(t, test.handler)
			if got := one(t, d, test.change, apply.Options{}); got.Status != test.want {
				t.Errorf("result is %+v, want %s", got, test.want)
			}
		})
	}
	t.Run("names the object by UID and says what becomes of dependents", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, accepted)
		change := deleteOf(t, "ConfigMap", "c")
		change.Propagation = metav1.DeletePropagationForeground
		one(t, d, change, apply.Options{})
		want := `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u1"},"propagationPolicy":"Foreground"}`
		if d.bodies[0] != want {
			t.Errorf("body is %s, want %s", d.bodies[0], want)
		}
	})
}
