// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"

	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// acceptCase is an object that is admitted as it is.
type acceptCase struct {
	Name   string                    `json:"name"`
	Object unstructured.Unstructured `json:"object"`
}

// faultOf names the field of an object that the peer's schema does not describe, "" for none: snippets of documentation
// hold a few. One of another type is refused, as by the peer's CustomResourceDefinition; one that is not there draws a
// warning and is dropped, as there. Either has to name the field.
func faultOf(t *testing.T, object unstructured.Unstructured) string {
	t.Helper()
	body, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	typed, err := install.NewVersionedScheme().New(object.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := kjson.UnmarshalStrict(body, typed)
	if err != nil {
		return named(regexp.MustCompile(`Go struct field \w+\.(\S+) of type`), err)
	}
	if len(unknown) > 0 {
		return named(regexp.MustCompile(`unknown field "([^"]+)"`), unknown[0])
	}
	return ""
}

func named(pattern *regexp.Regexp, err error) string {
	if found := pattern.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	return err.Error()
}

// maxFaulty is how many cases of a hundred may have a fault: more would be a fault of ours.
const maxFaulty = 10

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
		t.Run(c.Name, func(t *testing.T) {
			accepting := accepting{client: client.ArgoprojV1alpha1().RESTClient(), sent: c.Object}
			accepting.locate(i)
			count[accepting.accept(t, faultOf(t, c.Object))]++
		})
	}
	if faulty := count[warned] + count[refused]; faulty*100 > maxFaulty*len(cases) {
		t.Errorf("%d of %d cases do not fit our types", faulty, len(cases))
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
	request.Namespace(a.sent.GetNamespace()).Resource(strings.ToLower(a.sent.GetKind())+"s").
		SetHeader("Content-Type", "application/json")
	if name != "" {
		request.Name(name)
	}
	return request
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
	a.replace(t, body)
	a.apply(t, body, fault)
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

// replace sends the same by PUT, which writes nothing.
func (a *accepting) replace(t *testing.T, body []byte) {
	t.Helper()
	before := a.read(t)
	if err := a.request(a.client.Put(), a.sent.GetName()).Body(body).Do(t.Context()).Error(); err != nil {
		t.Errorf("PUT: %v", err)
	}
	if after := a.read(t); after.GetResourceVersion() != before.GetResourceVersion() {
		t.Errorf("a PUT of the same wrote something:\n%s", cmp.Diff(before.Object, after.Object))
	}
}

// apply sends the same twice by server-side apply, of which the second writes nothing. Server-side apply takes no field
// that is not in the schema.
func (a *accepting) apply(t *testing.T, body []byte, fault string) {
	t.Helper()
	apply := func() error {
		return a.request(a.client.Patch(types.ApplyPatchType), a.sent.GetName()).
			SetHeader("Content-Type", string(types.ApplyPatchType)).Param("fieldManager", "conformance").
			Param("force", "true").Body(body).Do(t.Context()).Error()
	}
	err := apply()
	if fault != "" {
		if err == nil || !strings.Contains(err.Error(), fault+": field not declared") {
			t.Errorf("applying the unknown field %s is answered by: %v", fault, err)
		}
		return
	}
	before := a.read(t)
	if err = errors.Join(err, apply()); err != nil {
		t.Errorf("apply: %v", err)
	}
	if after := a.read(t); after.GetResourceVersion() != before.GetResourceVersion() {
		t.Errorf("applying the same twice wrote something:\n%s", cmp.Diff(before.Object, after.Object))
	}
}

// remove makes room for the next object of the name.
func (a *accepting) remove(t *testing.T) {
	t.Helper()
	err := a.request(a.client.Patch(types.MergePatchType), a.sent.GetName()).
		SetHeader("Content-Type", string(types.MergePatchType)).Body([]byte(`{"metadata":{"finalizers":null}}`)).Do(t.Context()).Error()
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
