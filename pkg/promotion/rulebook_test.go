// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

func TestAPolicyGatesThoughTheCachesHaveNotHeardOfIt(t *testing.T) {
	t.Parallel()
	empty := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	desk := promotion.New(promotion.Options{
		Client: fake.NewClientset(
			&capstan.Cluster{
				ObjectMeta: metav1.ObjectMeta{Name: "east"}, Spec: capstan.ClusterSpec{Tier: "staging"},
				Status: capstan.ClusterStatus{UID: "east"},
			},
			&capstan.PromotionPolicy{
				ObjectMeta: metav1.ObjectMeta{Name: "careful"},
				Spec:       capstan.PromotionPolicySpec{Selectors: []capstan.GateSelector{{Tiers: []string{"staging"}}}},
			},
		),
		Policies: listers.NewPromotionPolicyLister(empty), Clusters: listers.NewClusterLister(empty),
	})
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "web"}}
	if known, err := desk.Requirement(app, "east"); err != nil || known.Gated {
		t.Fatalf("by the caches it is gated %t (%v): nothing is shown here", known.Gated, err)
	}
	now, err := desk.RequirementNow(t.Context(), app, "east")
	if err != nil {
		t.Fatal(err)
	}
	if !now.Gated || len(now.Policies) != 1 || now.Policies[0] != "careful" {
		t.Errorf("it is gated %t by %q, want the policy", now.Gated, now.Policies)
	}
}
