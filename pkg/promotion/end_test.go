// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion_test

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/user"
	clienttesting "k8s.io/client-go/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
)

func TestEndingWhatIsAwaitedIsJudgedByTheRolloutAsItIsStored(t *testing.T) {
	t.Parallel()
	described := func(kind, name string, uid types.UID) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "shop", Name: "trial", UID: "trial", OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "argoproj.io/v1alpha1", Kind: kind, Name: name, UID: uid, Controller: new(true),
		}}}
	}
	rollout := func(change func(*v1alpha1.Rollout)) *v1alpha1.Rollout {
		made := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "web", UID: "web", Annotations: map[string]string{v1alpha1.AnnotationCluster: "east"},
		}}
		change(made)
		return made
	}
	same := func(*v1alpha1.Rollout) {}
	going := metav1.Now()
	cases := map[string]struct {
		ends   metav1.ObjectMeta
		stored []runtime.Object
		fails  string
		want   gate.Reason
	}{
		"of a Rollout in production": {
			ends: described("Rollout", "web", "web"), stored: []runtime.Object{rollout(same)}, want: "MissingRight",
		},
		"of an Experiment of such a Rollout": {
			ends: described("Experiment", "trial", "trial"), want: "MissingRight",
			stored: []runtime.Object{rollout(same), &v1alpha1.Experiment{ObjectMeta: described("Rollout", "web", "web")}},
		},
		"of a Rollout in staging": {ends: described("Rollout", "web", "web"), stored: []runtime.Object{
			rollout(func(r *v1alpha1.Rollout) { r.Annotations[v1alpha1.AnnotationCluster] = "west" }),
		}},
		"of a Rollout that is gone": {ends: described("Rollout", "web", "web")},
		"of a former Rollout of the name": {ends: described("Rollout", "web", "web"), stored: []runtime.Object{
			rollout(func(r *v1alpha1.Rollout) { r.UID = "another" }),
		}},
		"of a Rollout that is being deleted": {ends: described("Rollout", "web", "web"), stored: []runtime.Object{
			rollout(func(r *v1alpha1.Rollout) { r.DeletionTimestamp = &going }),
		}},
		"of an Experiment that stands for itself": {ends: described("Experiment", "trial", "trial"), stored: []runtime.Object{
			rollout(same), &v1alpha1.Experiment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "trial", UID: "trial"}},
		}},
		"of a Rollout that cannot be read": {
			ends: described("Rollout", "web", "web"), stored: []runtime.Object{rollout(same)}, fails: "rollouts",
			want: gate.ReasonBlind,
		},
		"of an Experiment that cannot be read": {
			ends: described("Experiment", "trial", "trial"), fails: "experiments", want: gate.ReasonBlind,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := fake.NewClientset(tc.stored...)
			client.PrependReactor("get", tc.fails, func(clienttesting.Action) (bool, runtime.Object, error) {
				return tc.fails != "", nil, errors.New("the store does not answer")
			})
			err := deskIn(t, client).End(t.Context(), &tc.ends, &user.DefaultInfo{Name: "ann"})
			var status apierrors.APIStatus
			var got gate.Reason
			if errors.As(err, &status) {
				got = gate.Reason(status.Status().Details.Causes[0].Type)
			}
			if got != tc.want || (err != nil) != (tc.want != "") {
				t.Errorf("%v, want the reason %q", err, tc.want)
			}
		})
	}
}
