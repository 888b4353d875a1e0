// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
			FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(`{"f:spec":{}}`)},
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
