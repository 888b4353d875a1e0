// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

func TestTheServersOwnStatusLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	rollouts, created := open(t)
	managed, err := update(t, rollouts.main, created.Name, func(rollout *v1alpha1.Rollout) {
		rollout.ManagedFields = []metav1.ManagedFieldsEntry{{
			Manager: "kubectl", Operation: metav1.ManagedFieldsOperationApply, APIVersion: "argoproj.io/v1alpha1",
			FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`),
		}}
	})
	if err != nil {
		t.Fatal(err)
	}
	body := &v1alpha1.Rollout{Status: v1alpha1.RolloutStatus{Phase: v1alpha1.RolloutPhasePaused}}
	body.Namespace, body.Name, body.UID, body.ResourceVersion = managed.Namespace, managed.Name, managed.UID, managed.ResourceVersion
	written, err := registry.WriteStatus(t.Context(), rollouts.status, body)
	if err != nil {
		t.Fatal(err)
	}
	want := managed.DeepCopy()
	want.Status = body.Status
	want.ResourceVersion = registry.As[*v1alpha1.Rollout](written).ResourceVersion
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("the Rollout as it is stored (-want +got):\n%s", diff)
	}
}

func TestTheServersOwnStatusReachesNothingElse(t *testing.T) {
	t.Parallel()
	rollouts, created := open(t)
	if _, err := update(t, rollouts.main, created.Name, func(rollout *v1alpha1.Rollout) {
		rollout.Spec.Paused = new(true)
	}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*v1alpha1.Rollout)
		is     func(error) bool
	}{
		"an older version":         {func(*v1alpha1.Rollout) {}, apierrors.IsConflict},
		"another one of its name":  {func(r *v1alpha1.Rollout) { r.UID, r.ResourceVersion = "other", "" }, apierrors.IsConflict},
		"what is not there":        {func(r *v1alpha1.Rollout) { r.Name = "gone" }, apierrors.IsNotFound},
		"that of other namespaces": {func(r *v1alpha1.Rollout) { r.Namespace = "other" }, apierrors.IsNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := created.DeepCopy()
			test.change(body)
			if _, err := registry.WriteStatus(registrytest.Context(t), rollouts.status, body); !test.is(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTheServerWatchesItsOwnStore(t *testing.T) {
	t.Parallel()
	rollouts, created := open(t)
	// What many watch is handed out wrapped.
	for range 4 {
		others, err := rollouts.main.Watch(registrytest.Context(t), &internalversion.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(others.Stop)
	}
	listed, err := registry.List(t.Context(), rollouts.main, "", metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	list := registry.As[*v1alpha1.RolloutList](listed)
	if len(list.Items) != 1 || list.Items[0].Name != created.Name {
		t.Errorf("listed are %v", list.Items)
	}
	changes, err := registry.Watch(t.Context(), rollouts.main, "", metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(changes.Stop)
	if _, err = update(t, rollouts.main, created.Name, func(rollout *v1alpha1.Rollout) {
		rollout.Spec.Paused = new(true)
	}); err != nil {
		t.Fatal(err)
	}
	change := <-changes.ResultChan()
	if seen, is := change.Object.(*v1alpha1.Rollout); !is || seen.Spec.Paused == nil || !*seen.Spec.Paused {
		t.Errorf("the change is a %T: %v", change.Object, change)
	}
}

func TestTheServerSelectsAsARequestDoes(t *testing.T) {
	t.Parallel()
	rollouts, _ := open(t)
	for name, test := range map[string]struct {
		namespace string
		options   metav1.ListOptions
		want      int
	}{
		"all":                          {"", metav1.ListOptions{}, 1},
		"those of the namespace":       {"default", metav1.ListOptions{}, 1},
		"none of another namespace":    {"other", metav1.ListOptions{}, 0},
		"none that lack a label":       {"", metav1.ListOptions{LabelSelector: "team=a"}, 0},
		"that of the name":             {"", metav1.ListOptions{FieldSelector: "metadata.name=guestbook"}, 1},
		"none of what has other names": {"", metav1.ListOptions{FieldSelector: "metadata.name=other"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listed, err := registry.List(t.Context(), rollouts.main, test.namespace, test.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := registry.As[*v1alpha1.RolloutList](listed).Items; len(got) != test.want {
				t.Errorf("%d Rollouts, want %d", len(got), test.want)
			}
		})
	}
	if _, err := registry.List(t.Context(), rollouts.main, "", metav1.ListOptions{LabelSelector: "!!"}); err == nil {
		t.Error("a selector that cannot be read selects")
	}
}
