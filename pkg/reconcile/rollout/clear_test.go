// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// leavings is a cluster east, which serves Ingresses and TrafficSplits and no ApisixRoutes, and what a Rollout and its
// neighbours have there.
type leavings struct {
	*testing.T
	*site
	typed   *kubefake.Clientset
	objects *dynamicfake.FakeDynamicClient
	rollout *v1alpha1.Rollout
}

func newLeavings(t *testing.T) *leavings {
	t.Helper()
	meta := func(namespace, name, uid string) metav1.ObjectMeta {
		described := metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(name)}
		if uid != "" {
			described.Labels = map[string]string{v1alpha1.LabelRolloutUID: uid}
		}
		return described
	}
	of := func(version, kind string) func(namespace, name, uid string) runtime.Object {
		return func(namespace, name, uid string) runtime.Object {
			object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind}}
			described := meta(namespace, name, uid)
			object.SetNamespace(namespace)
			object.SetName(name)
			object.SetUID(described.UID)
			object.SetLabels(described.Labels)
			return object
		}
	}
	set := func(namespace, name, uid string) runtime.Object {
		return &appsv1.ReplicaSet{ObjectMeta: meta(namespace, name, uid)}
	}
	each := func(made func(namespace, name, uid string) runtime.Object) []runtime.Object {
		return []runtime.Object{
			made("shop", "mine", "uid-shop"), made("shop", "foreign", "uid-other"), made("shop", "unlabeled", ""),
			made("other", "neighbour", "uid-shop"),
		}
	}
	l := &leavings{T: t, typed: kubefake.NewClientset(each(set)...)}
	l.typed.Resources = []*metav1.APIResourceList{
		{GroupVersion: "networking.k8s.io/v1", APIResources: []metav1.APIResource{
			{Name: "ingresses", Kind: "Ingress", Namespaced: true},
		}},
		{GroupVersion: "split.smi-spec.io/v1alpha2", APIResources: []metav1.APIResource{
			{Name: "trafficsplits", Kind: "TrafficSplit", Namespaced: true},
		}},
	}
	l.objects = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{
			{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}:           "IngressList",
			{Group: "split.smi-spec.io", Version: "v1alpha2", Resource: "trafficsplits"}: "TrafficSplitList",
		},
		append(each(of("networking.k8s.io/v1", "Ingress")), each(of("split.smi-spec.io/v1alpha2", "TrafficSplit"))...)...)
	at, client := place{cluster: "east"}, cluster.Client{Typed: l.typed, Objects: l.objects}
	l.site = &site{
		place: at, client: l.typed, routes: newRoutes(at, cluster.Clients{Calls: client, Watches: client}, nil, nil),
	}
	l.rollout = &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "web", UID: "uid-shop", Annotations: map[string]string{v1alpha1.AnnotationCluster: "east"},
	}}
	l.rollout.Spec.Strategy = &v1alpha1.RolloutStrategy{Canary: &v1alpha1.CanaryStrategy{
		CanaryService: "canary", StableService: "stable", TrafficRouting: &v1alpha1.RolloutTrafficRouting{
			Nginx: &v1alpha1.NginxTrafficRouting{StableIngress: "web"},
		},
	}}
	return l
}

// deleted are the objects that were deleted, as resource and name.
func (l *leavings) deleted() map[string]bool {
	names := map[string]bool{}
	for _, action := range append(l.typed.Actions(), l.objects.Actions()...) {
		if one, is := action.(clienttesting.DeleteAction); is {
			names[one.GetResource().Resource+"/"+one.GetNamespace()+"/"+one.GetName()] = true
		}
	}
	return names
}

// forbid refuses to list a resource.
func (l *leavings) forbid(resource string) {
	l.objects.PrependReactor("list", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", errors.New("no rule"))
	})
}

func TestARolloutGoesAfterWhatItHasInAnotherCluster(t *testing.T) {
	t.Parallel()
	l := newLeavings(t)
	if err := l.clear(t.Context(), l.rollout); !errors.Is(err, errStillThere) {
		t.Errorf("before the cluster lists nothing of it any more, clear returns %v", err)
	}
	if err := l.clear(t.Context(), l.rollout); err != nil {
		t.Error(err)
	}
	got := l.deleted()
	for _, resource := range []string{"replicasets", "ingresses", "trafficsplits"} {
		if !got[resource+"/shop/mine"] {
			t.Errorf("its own %s stay", resource)
		}
		delete(got, resource+"/shop/mine")
	}
	if len(got) > 0 {
		t.Errorf("what others have was deleted: %v", got)
	}
}

func TestWhatMayNotBeListedHoldsARolloutThatNamesItAlone(t *testing.T) {
	t.Parallel()
	l := newLeavings(t)
	l.forbid("trafficsplits")
	if err := l.clear(t.Context(), l.rollout); !errors.Is(err, errStillThere) {
		t.Errorf("a kind that the Rollout does not name holds it back: %v", err)
	}
	l.forbid("ingresses")
	if err := l.clear(t.Context(), l.rollout); !apierrors.IsForbidden(err) {
		t.Errorf("the Ingress of the canary cannot be looked for, and clear returns %v", err)
	}
}
