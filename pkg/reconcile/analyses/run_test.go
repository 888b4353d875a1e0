// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analyses

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
)

func TestARunThatItsOwnerBeganBeforeIsTaken(t *testing.T) {
	t.Parallel()
	owner := func(uid types.UID) *v1alpha1.Rollout {
		return &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "shop", UID: uid}}
	}
	run := func(uid types.UID, asked, value string) *v1alpha1.AnalysisRun {
		return &v1alpha1.AnalysisRun{
			ObjectMeta: metav1.ObjectMeta{
				Name: "run", Namespace: "shop", Annotations: map[string]string{v1alpha1.AnnotationAsked: asked},
				OwnerReferences: []metav1.OwnerReference{
					*metav1.NewControllerRef(owner(uid), v1alpha1.SchemeGroupVersion.WithKind("Rollout")),
				},
			},
			Spec: v1alpha1.AnalysisRunSpec{Args: []v1alpha1.Argument{{Name: "at", Value: &value}}},
		}
	}
	cases := map[string]struct {
		there *v1alpha1.AnalysisRun
		taken bool
	}{
		"as it would be made now":        {run("a", "x", "10:00:01"), true},
		"with arguments of another time": {run("a", "x", "10:00:00"), true},
		"but not that of an edited step": {run("a", "y", "10:00:01"), false},
		"but not that of somebody else":  {run("b", "x", "10:00:01"), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := fake.NewClientset(tc.there).ArgoprojV1alpha1()
			written, err := Begin(t.Context(), client, owner("a"), run("a", "x", "10:00:01"))
			if (err == nil) != tc.taken {
				t.Fatalf("error %v", err)
			}
			if tc.taken && *written.Spec.Args[0].Value != *tc.there.Spec.Args[0].Value {
				t.Errorf("it took %v, want the one that is there", written.Spec)
			}
		})
	}
}
