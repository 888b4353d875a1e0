// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func role(labels map[string]string) v1alpha1.PodTemplateMetadata {
	return v1alpha1.PodTemplateMetadata{Labels: labels}
}

// dressed returns a ReplicaSet whose pods took these roles, one after another.
func dressed(t *testing.T, roles ...v1alpha1.PodTemplateMetadata) *appsv1.ReplicaSet {
	t.Helper()
	set := &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Template: corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}},
	}}}
	for _, metadata := range roles {
		if err := Dress(set, metadata); err != nil {
			t.Fatal(err)
		}
		set.UID = "s"
	}
	return set
}

func podOf(owner string, labels map[string]string) corev1.Pod {
	return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: labels, OwnerReferences: []metav1.OwnerReference{
		{Controller: new(true), UID: types.UID(owner)},
	}}}
}

func TestRunningPodsWearTheRoleOfTheirReplicaSet(t *testing.T) {
	t.Parallel()
	canary := role(map[string]string{"role": "canary", "new": "yes"})
	stable := role(map[string]string{"role": "stable"})
	cases := map[string]struct {
		roles []v1alpha1.PodTemplateMetadata
		pod   map[string]string
		want  map[string]string
	}{
		"what is another value changes, and what is gone goes": {
			roles: []v1alpha1.PodTemplateMetadata{canary, stable},
			pod:   map[string]string{"app": "web", "role": "canary", "new": "yes", "other": "x"},
			want:  map[string]string{"app": "web", "role": "stable", "other": "x"}},
		"what is as it should be stays": {
			roles: []v1alpha1.PodTemplateMetadata{canary, stable}, pod: map[string]string{"app": "web", "role": "stable"}},
		"the last role counts, whatever was worn in between": {
			roles: []v1alpha1.PodTemplateMetadata{canary, stable, {}},
			pod:   map[string]string{"app": "web", "role": "canary", "new": "yes"}, want: map[string]string{"app": "web"}},
		"what the template says itself stays": {
			roles: []v1alpha1.PodTemplateMetadata{stable, {}}, pod: map[string]string{"app": "api"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := dressed(t, tc.roles...)
			if _, is := Former(set); !is {
				t.Fatal("the ReplicaSet does not say that its pods wear another role")
			}
			changes := Wear(set, []corev1.Pod{podOf("s", tc.pod), podOf("other", tc.pod)})
			if tc.want == nil {
				if len(changes) > 0 {
					t.Errorf("it changes %v", changes[0].Labels)
				}
				return
			}
			if len(changes) != 1 || changes[0].Pod.OwnerReferences[0].UID != "s" {
				t.Fatalf("%d changes, want one, of the ReplicaSet's own pod", len(changes))
			}
			got := maps.Clone(tc.pod)
			for key, value := range changes[0].Labels {
				if value == nil {
					delete(got, key)
					continue
				}
				got[key] = *value
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPodsOnTheirWayOutStayAsTheyAre(t *testing.T) {
	t.Parallel()
	set := dressed(t, role(map[string]string{"role": "canary"}), role(map[string]string{"role": "stable"}))
	pod := podOf("s", map[string]string{"role": "canary"})
	pod.DeletionTimestamp = &metav1.Time{}
	if changes := Wear(set, []corev1.Pod{pod}); len(changes) > 0 {
		t.Errorf("it changes %v", changes[0].Labels)
	}
}

func TestANewReplicaSetHasNoPodsOfAnotherRole(t *testing.T) {
	t.Parallel()
	if _, is := Former(dressed(t, role(map[string]string{"role": "canary"}))); is {
		t.Error("it says that pods wear another role")
	}
}
