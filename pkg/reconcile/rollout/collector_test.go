// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/rollout"
)

func TestRolloutsAreShownByThePeersNames(t *testing.T) {
	t.Parallel()
	rollouts := cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)
	nginx := &v1alpha1.RolloutTrafficRouting{Nginx: &v1alpha1.NginxTrafficRouting{StableIngress: "web"}}
	if err := rollouts.Add(&v1alpha1.Rollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec: v1alpha1.RolloutSpec{Replicas: new(int32(5)), Strategy: &v1alpha1.RolloutStrategy{
			Canary: &v1alpha1.CanaryStrategy{CanaryService: "c", StableService: "s", TrafficRouting: nginx},
		}},
		Status: v1alpha1.RolloutStatus{
			Replicas: 6, UpdatedReplicas: 2, AvailableReplicas: 5,
			Conditions: []v1alpha1.RolloutCondition{{Type: v1alpha1.RolloutProgressing, Reason: "RolloutPaused"}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	const want = `
# HELP rollout_info A Rollout and its state; always 1.
# TYPE rollout_info gauge
rollout_info{name="web",namespace="shop",phase="Paused",strategy="canary",traffic_router="Nginx"} 1
# HELP rollout_info_replicas_available Available pods.
# TYPE rollout_info_replicas_available gauge
rollout_info_replicas_available{name="web",namespace="shop"} 5
# HELP rollout_info_replicas_desired Desired pods.
# TYPE rollout_info_replicas_desired gauge
rollout_info_replicas_desired{name="web",namespace="shop"} 5
# HELP rollout_info_replicas_unavailable Pods that are not available.
# TYPE rollout_info_replicas_unavailable gauge
rollout_info_replicas_unavailable{name="web",namespace="shop"} 1
# HELP rollout_info_replicas_updated Pods of the desired template.
# TYPE rollout_info_replicas_updated gauge
rollout_info_replicas_updated{name="web",namespace="shop"} 2
`
	if err := testutil.CollectAndCompare(rollout.NewCollector(rollouts), strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
