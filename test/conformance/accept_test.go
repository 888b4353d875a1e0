// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// acceptCase is an object that is admitted as it is.
type acceptCase struct {
	Name   string                    `json:"name"`
	Object unstructured.Unstructured `json:"object"`
}

// malformed are the cases that the peer's own schema does not describe, by the field: snippets of its documentation. A
// field of another type is refused, as its CustomResourceDefinition refuses it; a field that is not there draws a warning
// and is dropped, as there. Both have to name the field.
func malformed() map[string]string {
	return map[string]string{
		"docs/operator-manual/app-sync-using-impersonation.md#3":                 "spec.destinations",
		"docs/proposals/decouple-application-sync-user-using-impersonation.md#0": "spec.destinations",
		"docs/operator-manual/applicationset/Appset-Any-Namespace.md#7":          "spec.generators",
		"docs/operator-manual/applicationset/Generators-Plugin.md#4":             "github",
		"docs/proposals/decouple-application-sync-user-using-impersonation.md#8": "spec.destinations[0].impersonate",
		"docs/proposals/multiple-sources-for-applications.md#2":                  "spec.source.valueFiles",
	}
}

// outcome is what the server did with a case.
type outcome string

const (
	kept    outcome = "kept unchanged"
	warned  outcome = "kept but for fields that are not in the peer's schema, with a warning that names them"
	refused outcome = "refused for a type that the peer's schema does not have, with an error that names the field"
)

func runAccept(t *testing.T, lines [][]byte) {
	dir := t.TempDir()
	running := apiserver.Start(t, apiserver.Options{Configure: func(o *server.Options) {
		o.Controllers, o.DataDir = []string{}, dir
	}})
	client, err := versioned.NewForConfig(running.Config)
	if err != nil {
		t.Fatal(err)
	}
	cases := make([]acceptCase, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal(line, &cases[i]); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	// A project would hold the Applications of other cases to its rules.
	slices.SortStableFunc(cases, func(a, b acceptCase) int {
		isProject := func(c acceptCase) bool { return c.Object.GetKind() == "AppProject" }
		switch {
		case isProject(a) == isProject(b):
			return 0
		case isProject(a):
			return 1
		default:
			return -1
		}
	})
	count := map[outcome]int{}
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) { //nolint:paralleltest // cases share names of objects
			accepting := accepting{client: client.ArgoprojV1alpha1().RESTClient(), sent: c.Object}
			accepting.locate(i)
			count[accepting.accept(t, malformed()[c.Name])]++
		})
	}
	for _, what := range []outcome{kept, warned, refused} {
		t.Logf("%d of %d cases are %s", count[what], len(cases), what)
	}
}

// accepting takes one object through the server.
type accepting struct {
	client rest.Interface
	sent   unstructured.Unstructured
}

// locate completes what a manifest leaves to kubectl: a namespace and, for some snippets, a name.
func (a *accepting) locate(number int) {
	if a.sent.GetNamespace() == "" {
		a.sent.SetNamespace("argocd")
	}
	if a.sent.GetName() == "" {
		a.sent.SetName(fmt.Sprintf("case-%d", number))
	}
}

func (a *accepting) request(request *rest.Request, name string) *rest.Request {
	return request.Namespace(a.sent.GetNamespace()).Resource(strings.ToLower(a.sent.GetKind()) + "s").Name(name)
}

// accept creates the object, compares what is read back, and writes it again. fault is the field that is wrong in it.
func (a *accepting) accept(t *testing.T, fault string) outcome {
	t.Helper()
	body, err := a.sent.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	created := a.request(a.client.Post(), "").Param("fieldValidation", "Warn").Body(body).Do(t.Context())
	if err := created.Error(); err != nil {
		var code int
		created.StatusCode(&code)
		field := fault[strings.LastIndex(fault, ".")+1:]
		if fault == "" || code != http.StatusBadRequest || !strings.Contains(err.Error(), field) {
			t.Errorf("it is refused with %d: %v", code, err)
		}
		return refused
	}
	defer a.remove(t)
	a.compare(t, fault)
	a.writeAgain(t, body)
	warning := fmt.Sprintf("unknown field %q", fault)
	switch warnings := created.Warnings(); {
	case fault == "" && len(warnings) == 0:
		return kept
	case len(warnings) == 1 && warnings[0].Text == warning:
		return warned
	default:
		t.Errorf("it draws the warnings %v, and %q is wrong in it", warnings, fault)
		return warned
	}
}

func (a *accepting) read(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	raw, err := a.request(a.client.Get(), a.sent.GetName()).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return read
}

// compare requires that the object reads back as it was sent, but for what the server sets and for a field at fault.
func (a *accepting) compare(t *testing.T, fault string) {
	t.Helper()
	read := a.read(t)
	for _, set := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} {
		unstructured.RemoveNestedField(read.Object, "metadata", set)
	}
	if status, _ := read.Object["status"].(map[string]any); len(status) == 0 {
		delete(read.Object, "status")
	}
	want, ok := withoutNulls(a.sent.Object).(map[string]any)
	if !ok {
		t.Fatal("the object is no map")
	}
	if fault != "" {
		dropField(want, strings.Split(strings.ReplaceAll(fault, "[0]", ".0"), "."))
	}
	if diff := cmp.Diff(want, withoutNulls(read.Object)); diff != "" {
		t.Errorf("it reads back changed (-sent +read):\n%s", diff)
	}
}

// writeAgain sends the same by PUT and by server-side apply.
func (a *accepting) writeAgain(t *testing.T, body []byte) {
	t.Helper()
	before := a.read(t)
	if err := a.request(a.client.Put(), a.sent.GetName()).Body(body).Do(t.Context()).Error(); err != nil {
		t.Errorf("PUT: %v", err)
	}
	if after := a.read(t); after.GetResourceVersion() != before.GetResourceVersion() {
		t.Errorf("a PUT of the same wrote something:\n%s", cmp.Diff(before.Object, after.Object))
	}
	apply := func() {
		t.Helper()
		err := a.request(a.client.Patch(types.ApplyPatchType), a.sent.GetName()).Param("fieldManager", "conformance").
			Param("force", "true").Body(body).Do(t.Context()).Error()
		if err != nil {
			t.Errorf("apply: %v", err)
		}
	}
	apply()
	before = a.read(t)
	apply()
	if after := a.read(t); after.GetResourceVersion() != before.GetResourceVersion() {
		t.Errorf("applying the same twice wrote something:\n%s", cmp.Diff(before.Object, after.Object))
	}
}

// remove makes room for the next object of the name.
func (a *accepting) remove(t *testing.T) {
	t.Helper()
	err := a.request(a.client.Patch(types.MergePatchType), a.sent.GetName()).
		Body([]byte(`{"metadata":{"finalizers":null}}`)).Do(t.Context()).Error()
	if err == nil {
		err = a.request(a.client.Delete(), a.sent.GetName()).Body(&metav1.DeleteOptions{}).Do(t.Context()).Error()
	}
	if err != nil {
		t.Errorf("remove it: %v", err)
	}
}

// withoutNulls leaves out what is null, which is as if it were absent, and writes every number alike.
func withoutNulls(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		clean := map[string]any{}
		for key, item := range typed {
			if item != nil {
				clean[key] = withoutNulls(item)
			}
		}
		return clean
	case []any:
		clean := make([]any, len(typed))
		for i, item := range typed {
			clean[i] = withoutNulls(item)
		}
		return clean
	case int64:
		return float64(typed)
	}
	return value
}

// dropField removes the field at a path, whose numbers are places in lists.
func dropField(value any, path []string) {
	switch typed := value.(type) {
	case map[string]any:
		if len(path) == 1 {
			delete(typed, path[0])
			return
		}
		dropField(typed[path[0]], path[1:])
	case []any:
		dropField(typed[0], path[1:])
	}
}
