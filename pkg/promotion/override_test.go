// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

// nobody has no right.
type nobody struct{ promotion.Roles }

func (nobody) May(
	context.Context, capstan.Approver, string, schema.GroupResource, string, string,
) (bool, error) {
	return false, nil
}

func TestSkippingStepsIsJudgedByTheTierOfTheClusterOfThePods(t *testing.T) {
	t.Parallel()
	desk := deskIn(t, nil)
	for cluster, refused := range map[string]bool{"": false, "west": false, "east": true, "north": true} {
		rollout := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
		if cluster != "" {
			rollout.Annotations = map[string]string{v1alpha1.AnnotationCluster: cluster}
		}
		err := desk.Override(t.Context(), rollout, &user.DefaultInfo{Name: "ann"})
		if (err != nil) != refused {
			t.Errorf("in cluster %q: %v, want refused: %v", cluster, err, refused)
		}
	}
}

// deskIn is a desk where nobody has any right, with the clusters east, of the tier production, west of staging, and north
// of which nothing is known.
func deskIn(t *testing.T, client versioned.Interface) *promotion.Desk {
	t.Helper()
	clusters := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	policies := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	for name, tier := range map[string]string{"hub": "", "east": "production", "west": "staging"} {
		if err := clusters.Add(&capstan.Cluster{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: capstan.ClusterSpec{Tier: tier},
			Status: capstan.ClusterStatus{UID: types.UID(name)},
		}); err != nil {
			t.Fatal(err)
		}
	}
	metrics, err := promotion.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return promotion.New(promotion.Options{
		Client:   client,
		Policies: listers.NewPromotionPolicyLister(policies), Clusters: listers.NewClusterLister(clusters),
		Synced: func() bool { return true }, Roles: nobody{}, Metrics: metrics,
		UID: func(to v1alpha1.ApplicationDestination) types.UID {
			switch {
			case to.Server == v1alpha1.InClusterServer:
				return "hub"
			case to.Name == "north":
				return ""
			}
			return types.UID(to.Name)
		},
	})
}
