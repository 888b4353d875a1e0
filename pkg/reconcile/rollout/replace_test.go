// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

func TestPodsAreDeletedOnlyForTheTemplateThatWasDecidedOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version string
		deleted bool
	}{
		"which is still there": {"2", true},
		"and not for a newer":  {"1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.holding(v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: "DaemonSet", Name: "agent"}, &appsv1.DaemonSet{
				ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "agent", UID: "agent", Generation: 2},
			})
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "agent-a", UID: "a"}}
			must(t, w.host.Tracker().Add(pod))
			facts := &rollout.Facts{Rollout: w.rollout(), Workload: &rollout.Workload{
				UID: "agent", Version: test.version, InPlace: &rollout.InPlace{},
			}}
			err := w.replace(t.Context(), facts, &rollout.Replacement{Pods: []rollout.Pod{{Name: pod.Name, UID: pod.UID}}})
			if apierrors.IsConflict(err) == test.deleted {
				t.Errorf("error %v", err)
			}
			_, err = w.host.CoreV1().Pods("shop").Get(t.Context(), pod.Name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) != test.deleted {
				t.Errorf("whether the pod is there: %v", err)
			}
		})
	}
}
