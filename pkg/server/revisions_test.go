// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// hostThat answers every request in one way.
func hostThat(t *testing.T, answer http.HandlerFunc) kubernetes.Interface {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestRevisionsAreTheSetsThatARolloutControls(t *testing.T) {
	t.Parallel()
	set := func(name, uid string) appsv1.ReplicaSet {
		owners := []metav1.OwnerReference{
			{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "web", UID: "other"},
			{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "web", UID: "uid", Controller: new(uid == "uid")},
		}
		return appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", OwnerReferences: owners}}
	}
	asked := make(chan string, 1)
	host := hostThat(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.String()
		w.Header().Set("Content-Type", "application/json")
		list := appsv1.ReplicaSetList{
			TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSetList"},
			Items: []appsv1.ReplicaSet{
				set("web-a", "uid"), set("only-owned", "none"), {ObjectMeta: metav1.ObjectMeta{Name: "orphan"}},
				set("web-b", "uid"),
			},
		}
		if err := json.NewEncoder(w).Encode(list); err != nil {
			t.Error(err)
		}
	})
	rollout := &argov1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop", UID: "uid"}}
	sets, err := revisions{host: host}.Sets(t.Context(), rollout)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, found := range sets {
		names = append(names, found.Name)
	}
	if diff := cmp.Diff([]string{"web-a", "web-b"}, names); diff != "" {
		t.Errorf("revisions (-want +got):\n%s", diff)
	}
	const want = "/apis/apps/v1/namespaces/shop/replicasets?labelSelector=rollouts-pod-template-hash"
	if got := <-asked; got != want {
		t.Errorf("it asked for %s, want %s", got, want)
	}
}

func TestRevisionsThatCannotBeReadAreNone(t *testing.T) {
	t.Parallel()
	rollout := &argov1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop", UID: "uid"}}
	if _, err := (revisions{}).Sets(t.Context(), rollout); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("without a host cluster: %v", err)
	}
	host := hostThat(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	if sets, err := (revisions{host: host}).Sets(t.Context(), rollout); !apierrors.IsForbidden(err) || sets != nil {
		t.Errorf("where the host cluster refuses: %v, %v", sets, err)
	}
}
