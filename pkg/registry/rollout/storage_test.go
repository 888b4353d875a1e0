// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

const stored = `{
  metadata: {name: guestbook, namespace: default},
  spec: {selector: {matchLabels: {app: a}}, template: {"spec": {"b": 1.50, "a": {"tomorrow": null}}}},
  status: {phase: Healthy, HPAReplicas: 9}}`

// surfaces are the write surfaces of Rollouts, over a store with one Rollout.
type surfaces struct {
	main   *registry.REST
	status *registry.StatusREST
	scale  *ScaleREST
}

// open returns the surfaces over an etcd of their own, and the Rollout as it was created.
func open(t *testing.T) (surfaces, *v1alpha1.Rollout) {
	t.Helper()
	scheme, getter := registrytest.NewStorage(t)
	main, status, scale, err := NewREST(scheme, getter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(main.Destroy)
	created, err := main.Create(registrytest.Context(t), registrytest.Decode(t, stored, &v1alpha1.Rollout{}),
		rest.ValidateAllObjectFunc, &metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return surfaces{main, status, scale}, registry.As[*v1alpha1.Rollout](created)
}

// updater is a surface that updates.
type updater interface {
	Update(context.Context, string, rest.UpdatedObjectInfo, rest.ValidateObjectFunc, rest.ValidateObjectUpdateFunc,
		bool, *metav1.UpdateOptions) (runtime.Object, bool, error)
}

// update changes the object of a name through a surface.
func update[T runtime.Object](t *testing.T, surface updater, name string, change func(T)) (T, error) {
	t.Helper()
	info := rest.DefaultUpdatedObjectInfo(nil,
		func(_ context.Context, _, old runtime.Object) (runtime.Object, error) {
			updated := registry.As[T](old.DeepCopyObject())
			change(updated)
			return updated, nil
		})
	updated, _, err := surface.Update(registrytest.Context(t), name, info,
		rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
	return registry.As[T](updated), err
}

func TestStoreKeepsATemplateAsItWasWritten(t *testing.T) {
	t.Parallel()
	rollouts, created := open(t)
	read, err := rollouts.main.Get(registrytest.Context(t), "guestbook", &metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := string(registry.As[*v1alpha1.Rollout](read).Spec.Template.Raw)
	if want := string(created.Spec.Template.Raw); got != want {
		t.Errorf("template %s, want %s", got, want)
	}
	if phase := registry.As[*v1alpha1.Rollout](read).Status.Phase; phase != "" {
		t.Errorf("the forged phase %q was stored", phase)
	}
}

func TestAWriteThatSaysNothingNewKeepsTheResourceVersion(t *testing.T) {
	t.Parallel()
	rollouts, created := open(t)
	updated, err := update(t, rollouts.main, "guestbook", func(r *v1alpha1.Rollout) {
		r.Spec.Template.Raw = json.RawMessage(`{"spec": {"a": {"tomorrow": null}, "b": 1.5}}`)
		r.Status.Phase = v1alpha1.RolloutPhaseDegraded
	})
	if err != nil {
		t.Fatal(err)
	}
	if updated.ResourceVersion != created.ResourceVersion || updated.Generation != 1 {
		t.Errorf("resource version %s and generation %d, want %s and 1",
			updated.ResourceVersion, updated.Generation, created.ResourceVersion)
	}
}

func TestEachSurfaceChangesItsPart(t *testing.T) {
	t.Parallel()
	rollouts, _ := open(t)
	change := func(r *v1alpha1.Rollout) {
		r.Spec.Paused = new(true)
		r.Status.Abort = true
	}
	afterStatus, err := update(t, rollouts.status, "guestbook", change)
	if err != nil {
		t.Fatal(err)
	}
	if !afterStatus.Status.Abort || afterStatus.Spec.Paused != nil || afterStatus.Generation != 1 {
		t.Errorf("after a write of the status: abort %v, paused %v, generation %d; want true, nil, 1",
			afterStatus.Status.Abort, afterStatus.Spec.Paused, afterStatus.Generation)
	}
	afterMain, err := update(t, rollouts.main, "guestbook", func(r *v1alpha1.Rollout) {
		change(r)
		r.Status.Abort = false
	})
	if err != nil {
		t.Fatal(err)
	}
	if !afterMain.Status.Abort || afterMain.Spec.Paused == nil || afterMain.Generation != 2 {
		t.Errorf("after a write of the main resource: abort %v, paused %v, generation %d; want true, true, 2",
			afterMain.Status.Abort, afterMain.Spec.Paused, afterMain.Generation)
	}
}

func TestNoSurfaceCreatesByUpdate(t *testing.T) {
	t.Parallel()
	rollouts, _ := open(t)
	_, mainErr := update(t, rollouts.main, "other", func(*v1alpha1.Rollout) {})
	_, statusErr := update(t, rollouts.status, "other", func(*v1alpha1.Rollout) {})
	_, scaleErr := update(t, rollouts.scale, "other", func(*autoscalingv1.Scale) {})
	for surface, err := range map[string]error{"main": mainErr, "status": statusErr, "scale": scaleErr} {
		if !apierrors.IsNotFound(err) {
			t.Errorf("%s: error %v, want not found", surface, err)
		}
	}
}

func TestScaleReads(t *testing.T) {
	t.Parallel()
	rollouts, created := open(t)
	if _, err := update(t, rollouts.status, "guestbook", func(r *v1alpha1.Rollout) {
		r.Status.HPAReplicas, r.Status.Selector = 3, "app=a,hash=b"
	}); err != nil {
		t.Fatal(err)
	}
	got, err := rollouts.scale.Get(registrytest.Context(t), "guestbook", &metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	read := registry.As[*autoscalingv1.Scale](got)
	if diff := cmp.Diff(autoscalingv1.ScaleStatus{Replicas: 3, Selector: "app=a,hash=b"}, read.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if read.Spec.Replicas != 1 {
		t.Errorf("an absent number of pods reads %d, want 1", read.Spec.Replicas)
	}
	if read.UID != created.UID || read.Name != "guestbook" || read.Namespace != "default" {
		t.Errorf("the scale is of %s/%s %s, want the Rollout", read.Namespace, read.Name, read.UID)
	}
}

// scale is the body of rollouts/scale.
type scale = autoscalingv1.Scale

// succeeded says that there was no error.
func succeeded(err error) bool {
	return err == nil
}

func TestScaleWrites(t *testing.T) {
	t.Parallel()
	rollouts, _ := open(t)
	cases := []struct {
		name   string
		change func(*scale)
		check  func(error) bool
	}{
		{"a negative number of pods is refused", func(s *scale) { s.Spec.Replicas = -1 }, apierrors.IsInvalid},
		{"the UID of another Rollout is refused", func(s *scale) { s.UID = types.UID("x") }, apierrors.IsConflict},
		{"an old resource version is refused", func(s *scale) { s.ResourceVersion = "1" }, apierrors.IsConflict},
		{"another number of pods is taken", func(s *scale) { s.Spec.Replicas = 0 }, succeeded},
	}
	for _, tc := range cases {
		if _, err := update(t, rollouts.scale, "guestbook", tc.change); !tc.check(err) {
			t.Errorf("%s: error %v", tc.name, err)
		}
	}
	read, err := rollouts.main.Get(registrytest.Context(t), "guestbook", &metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rollout := registry.As[*v1alpha1.Rollout](read)
	if rollout.Spec.Replicas == nil || *rollout.Spec.Replicas != 0 || rollout.Generation != 2 {
		t.Errorf("replicas %v and generation %d, want 0 and 2", rollout.Spec.Replicas, rollout.Generation)
	}
}

func TestScaleHandsTheOwnerOfTheNumberOfPodsOn(t *testing.T) {
	t.Parallel()
	rollouts, _ := open(t)
	owner := metav1.ManagedFieldsEntry{
		Manager: "autoscaler", Operation: metav1.ManagedFieldsOperationUpdate, Subresource: "scale",
		APIVersion: "autoscaling/v1", FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`),
	}
	if _, err := update(t, rollouts.scale, "guestbook", func(s *autoscalingv1.Scale) {
		s.Spec.Replicas = 4
		s.ManagedFields = []metav1.ManagedFieldsEntry{owner}
	}); err != nil {
		t.Fatal(err)
	}
	read, err := rollouts.main.Get(registrytest.Context(t), "guestbook", &metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	entries := registry.As[*v1alpha1.Rollout](read).ManagedFields
	if len(entries) != 1 || entries[0].Manager != "autoscaler" || entries[0].APIVersion != "argoproj.io/v1alpha1" {
		t.Errorf("owners %v, want the autoscaler with the version of Rollouts", entries)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	scheme, getter := registrytest.NewStorage(t)
	main, _, scale, err := NewREST(scheme, getter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(main.Destroy)
	got := []any{main.ShortNames(), main.Categories(), main.GetSingularName(), main.NamespaceScoped()}
	if diff := cmp.Diff([]any{[]string{"ro"}, []string{"argo"}, "rollout", true}, got); diff != "" {
		t.Errorf("discovery (-want +got):\n%s", diff)
	}
	if kind := scale.GroupVersionKind(v1alpha1.SchemeGroupVersion).String(); kind != "autoscaling/v1, Kind=Scale" {
		t.Errorf("the scale's kind is %s, want autoscaling/v1 Scale", kind)
	}
}
