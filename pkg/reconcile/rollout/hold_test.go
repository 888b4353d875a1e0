// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// holding gives the Rollout a workload of a kind and name in the host's cluster, and the finalizer.
func (w *world) holding(ref v1alpha1.ObjectRef, workloads ...runtime.Object) *dynamicfake.FakeDynamicClient {
	w.Helper()
	scheme := runtime.NewScheme()
	must(w.T, appsv1.AddToScheme(scheme))
	objects := dynamicfake.NewSimpleDynamicClient(scheme, workloads...)
	w.site.references.objects, w.Reconciler.host = objects, w.site
	object := w.rollout()
	object.Spec.WorkloadRef, object.Finalizers = &ref, []string{v1alpha1.FinalizerCluster}
	_, err := w.client.ArgoprojV1alpha1().Rollouts("shop").Update(w.Context(), object, metav1.UpdateOptions{})
	must(w.T, err)
	return objects
}

func TestARolloutOfTheHostsClusterFreesItsWorkloadAndLeavesTheRestToTheGarbageCollector(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	objects := w.holding(v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db"}, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "db", Annotations: map[string]string{v1alpha1.AnnotationManagedByRollouts: "guestbook"},
		},
		Spec: appsv1.StatefulSetSpec{UpdateStrategy: appsv1.StatefulSetUpdateStrategy{
			RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(1))},
		}},
	})
	_, err := w.letGo(t.Context(), w.rollout())
	must(t, err)
	if kept := w.rollout().Finalizers; len(kept) > 0 {
		t.Errorf("it keeps the finalizers %v", kept)
	}
	live, err := objects.Resource(appsv1.SchemeGroupVersion.WithResource("statefulsets")).Namespace("shop").
		Get(t.Context(), "db", metav1.GetOptions{})
	must(t, err)
	if driver := live.GetAnnotations()[v1alpha1.AnnotationManagedByRollouts]; driver != "" {
		t.Errorf("Rollout %s still drives the StatefulSet", driver)
	}
	if asked := w.host.Actions(); len(asked) > 0 {
		t.Errorf("the host's cluster was asked %v", asked)
	}
}

// errAsked is the answer of a cluster that is to be asked nothing.
var errAsked = errors.New("nothing is to be asked")

func TestARolloutThatNamesNoWorkloadHoldsNone(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"StatefulSet", "DaemonSet"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			objects := w.holding(v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: kind})
			objects.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, errAsked
			})
			_, err := w.letGo(t.Context(), w.rollout())
			must(t, err)
			if kept := w.rollout().Finalizers; len(kept) > 0 {
				t.Errorf("it is deleted, and keeps the finalizers %v", kept)
			}
			held, err := w.hold(t.Context(), w.rollout())
			must(t, err)
			if len(held.Finalizers) > 0 {
				t.Errorf("it is kept by the finalizers %v", held.Finalizers)
			}
		})
	}
}
