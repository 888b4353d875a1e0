// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func sweepStories() map[string]story {
	return map[string]story{
		"every resource answers every verb that discovery lists":         everyVerbAnswers,
		"a namespace is emptied by a client that prefers protobuf":       collectionsAreDeleted,
		"the object record is kept and not served":                       recordIsNotServed,
		"an object without a name, and one of another name, are refused": namesAgree,
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to hold")
		}
	}
}

// everyVerbAnswers makes an object of each kind and goes through its verbs; 405, 500 and 501 are answers of a verb that
// is not there. A PromotionPolicy gates Applications wherever they are, and so the server is one of its own.
func everyVerbAnswers(t *testing.T, _ *world) {
	w := newWorld(t)
	for _, version := range []string{"argoproj.io/v1alpha1", "capstan.dev/v1alpha1"} {
		resources := resourcesOf(t, w, version)
		for name, resource := range resources {
			if strings.Contains(name, "/") || name == "healthreviews" {
				continue // a review is answered and not stored: there is nothing to go through
			}
			s := sweep{client: clientOf(t, w.Config).ArgoprojV1alpha1().RESTClient(), version: version, namespace: newNamespace()}
			s.through(t, resource)
			for sub, subresource := range resources {
				if strings.HasPrefix(sub, name+"/") {
					s.subresource(t, resource, strings.TrimPrefix(sub, name+"/"), subresource.Verbs)
				}
			}
			s.call(t, "delete", resource, "", nil, http.StatusOK)
			s.call(t, "deletecollection", resource, "", nil, http.StatusOK)
		}
	}
}

type sweep struct {
	client             rest.Interface
	version, namespace string
}

const sweepName = "swept"

func (s sweep) through(t *testing.T, resource metav1.APIResource) {
	t.Helper()
	for _, verb := range []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"} {
		if !strings.Contains(strings.Join(resource.Verbs, ","), verb) {
			t.Errorf("%s cannot %s", resource.Name, verb)
		}
	}
	spec := map[string]string{
		"AnalysisRun": `{"metrics":[{"name":"a","provider":{"prometheus":{"query":"up"}}}]}`,
		"Experiment":  `{"templates":[{"name":"a","template":{},"selector":{}}]}`,
	}[resource.Kind]
	body := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":%q},"digest":%q,"spec":%s}`,
		s.version, resource.Kind, sweepName, gate.PlanDigest(capstanv1alpha1.PlanSpec{}), cmp.Or(spec, "{}"))
	s.call(t, "create", resource, "", []byte(body), http.StatusCreated)
	s.call(t, "get", resource, "", nil, http.StatusOK)
	s.call(t, "list", resource, "", nil, http.StatusOK)
	s.call(t, "watch", resource, "", nil, http.StatusOK)
	s.call(t, "patch", resource, "", []byte(`{"metadata":{"labels":{"a":"b"}}}`), http.StatusOK)
	s.call(t, "update", resource, "", s.call(t, "get", resource, "", nil, http.StatusOK), http.StatusOK)
}

func (s sweep) subresource(t *testing.T, resource metav1.APIResource, sub string, verbs []string) {
	t.Helper()
	for _, verb := range verbs {
		want, body := http.StatusOK, []byte(`{}`)
		switch {
		case slices.Contains([]string{"rollback", "terminate", "action", "actions"}, sub):
			// There is no history, whether an operation is there depends on the order, and no resource is named.
			want = 0
		case slices.Contains([]string{"promote", "abort", "retry", "undo"}, sub):
			// No controller has looked at the Rollout: there is nothing to promote or to take back yet.
			want = 0
		case slices.Contains([]string{"plan", "approve", "reject", "breakglass"}, sub) || resource.Name == "plans" && sub == "manifests":
			// Nothing is gated, and so nothing waits for approval.
			want = 0
		case verb == "create":
			want = http.StatusCreated
		case verb == "update":
			body = s.call(t, "get", resource, sub, nil, http.StatusOK)
		}
		s.call(t, verb, resource, sub, body, want)
	}
}

// call does a verb, requires a code, and returns the body. 0 stands for any answer that says the verb is there.
func (s sweep) call(t *testing.T, verb string, resource metav1.APIResource, sub string, body []byte, want int) []byte {
	t.Helper()
	request := map[string]func() *rest.Request{
		"create": s.client.Post, "get": s.client.Get, "list": s.client.Get, "watch": s.client.Get,
		"update": s.client.Put, "delete": s.client.Delete, "deletecollection": s.client.Delete,
		"patch": func() *rest.Request { return s.client.Patch(types.MergePatchType) },
	}[verb]()
	path := []string{"/apis", s.version}
	if resource.Namespaced {
		path = append(path, "namespaces", s.namespace)
	}
	path = append(path, resource.Name)
	onObject := verb == "get" || verb == "update" || verb == "patch" || verb == "delete" || sub != ""
	if onObject {
		path = append(path, sweepName)
	}
	if sub != "" {
		path = append(path, sub)
	}
	if verb == "watch" {
		request.Param("watch", "true").Param("timeoutSeconds", "1")
	}
	if verb == "create" || verb == "update" {
		request.SetHeader("Content-Type", "application/json")
	}
	var code int
	result := request.AbsPath(path...).Body(body).Do(t.Context()).StatusCode(&code)
	absent := code == http.StatusMethodNotAllowed || code >= http.StatusInternalServerError || code == 0
	if want == 0 && absent || want != 0 && code != want {
		t.Errorf("%s %s answers %d, not %d: %v", verb, strings.Join(path, "/"), code, want, result.Error())
	}
	raw, _ := result.Raw()
	return raw
}

func collectionsAreDeleted(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	for name, resource := range resourcesOf(t, w, "argoproj.io/v1alpha1") {
		if strings.Contains(name, "/") || !resource.Namespaced {
			continue
		}
		const protobuf = "application/vnd.kubernetes.protobuf,application/json"
		base := w.raw(t, admin).Delete().Namespace(namespace).Resource(name).
			SetHeader("Accept", protobuf).SetHeader("Content-Type", "application/json")
		if err := base.Body([]byte(`{"kind":"DeleteOptions","apiVersion":"v1"}`)).Do(t.Context()).Error(); err != nil {
			t.Errorf("delete all %s: %v", name, err)
		}
		if err := w.raw(t, admin).Get().Namespace(namespace).Resource(name).SetHeader("Accept", protobuf).
			Do(t.Context()).Error(); err != nil {
			t.Errorf("list %s: %v", name, err)
		}
	}
	if _, err := apps.Get(t.Context(), "web", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Application is still there: %v", err)
	}
}

func recordIsNotServed(t *testing.T, w *world) {
	err := w.raw(t, admin).Get().Namespace(newNamespace()).Resource("applicationrecords").Do(t.Context()).Error()
	refused(t, err, http.StatusNotFound)
}

func namesAgree(t *testing.T, w *world) {
	apps, _ := w.given(t)
	_, err := apps.Create(t.Context(), newApplication(""), metav1.CreateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "name")
	_, err = mergePatch(t, apps, `{"metadata":{"name":"other"}}`)
	refused(t, err, http.StatusBadRequest, "name")
}
