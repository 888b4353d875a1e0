// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// herd is an API server with the pods of one ReplicaSet.
type herd struct {
	mu       sync.Mutex
	pods     []corev1.Pod
	patched  int
	finished bool
}

func (h *herd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Method == http.MethodGet:
		answer(w, http.StatusOK, corev1.PodList{Items: h.pods})
	case strings.Contains(r.URL.Path, "/replicasets/"):
		h.finished = true
		answer(w, http.StatusOK, appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "web", ResourceVersion: "2"}})
	default:
		h.patched++
		h.patch(w, r)
	}
}

// patch changes the label of a pod, if it is the one that was meant.
func (h *herd) patch(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Metadata struct {
			UID    types.UID
			Labels map[string]string
		}
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		http.Error(w, "it is no patch", http.StatusBadRequest)
		return
	}
	for i := range h.pods {
		if h.pods[i].Name == path.Base(r.URL.Path) && h.pods[i].UID == body.Metadata.UID {
			h.pods[i].Labels = body.Metadata.Labels
			answer(w, http.StatusOK, h.pods[i])
		}
	}
}

func TestManyPodsGetTheMetadataOfTheirRoleOneBatchAfterAnother(t *testing.T) {
	t.Parallel()
	h := &herd{}
	for i := range podsAPass + 10 {
		h.pods = append(h.pods, corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprint("web-", i), Namespace: "shop", UID: types.UID(fmt.Sprint(i)), Labels: map[string]string{"role": "canary"},
			OwnerReferences: []metav1.OwnerReference{{UID: "s", Controller: new(true)}},
		}})
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	sets := cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)
	p := &pass{Reconciler: &Reconciler{}, site: &site{
		client: kubernetes.NewForConfigOrDie(&rest.Config{Host: server.URL, QPS: -1}), sets: written.Over(sets),
	}}
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop", UID: "s", Generation: 3, Annotations: map[string]string{
			v1alpha1.AnnotationFormerMetadata:    `{"labels":{"role":"canary"}}`,
			v1alpha1.AnnotationEphemeralMetadata: `{"labels":{"role":"stable"}}`,
		}},
		Spec: appsv1.ReplicaSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"role": "stable"}}},
		},
	}
	for i, step := range []struct {
		observed int64
		patched  int
		finished bool
	}{
		{observed: 2, patched: 0}, {observed: 3, patched: podsAPass}, {observed: 3, patched: podsAPass + 10, finished: true},
	} {
		set.Status.ObservedGeneration = step.observed
		again, err := p.wear(t.Context(), rollout.Facts{Sets: []*appsv1.ReplicaSet{set}})
		if err != nil {
			t.Fatal(err)
		}
		if h.patched != step.patched || h.finished != step.finished {
			t.Errorf("after pass %d %d pods were changed, done: %v; want %d, %v", i, h.patched, h.finished, step.patched, step.finished)
		}
		if goesOn := step.patched > 0 && !step.finished; (again > 0) != goesOn {
			t.Errorf("pass %d says to come again in %s", i, again)
		}
	}
	for i := range h.pods {
		if got := h.pods[i].Labels["role"]; got != "stable" {
			t.Fatalf("pod %d says that it is %q", i, got)
		}
	}
}
