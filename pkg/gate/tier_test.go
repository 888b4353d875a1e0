// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func clusters(tiers ...string) []*capstan.Cluster {
	list := []*capstan.Cluster{{Spec: capstan.ClusterSpec{Tier: "lab"}, Status: capstan.ClusterStatus{UID: "lab-1"}}, {}}
	for _, tier := range tiers {
		list = append(list, &capstan.Cluster{
			Spec: capstan.ClusterSpec{Tier: tier}, Status: capstan.ClusterStatus{UID: "east-1"},
		})
	}
	return list
}

func TestTheUIDOfAClusterSaysItsTier(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		uid   types.UID
		tiers []string
		want  string
	}{
		"the tier of the one cluster":                {"east-1", []string{"staging"}, "staging"},
		"production wins over a second registration": {"east-1", []string{"staging", "production"}, "production"},
		"in whatever order":                          {"east-1", []string{"production", "staging"}, "production"},
		"and over one without a tier":                {"east-1", []string{"", "production"}, "production"},
		"a registration without a tier says nothing": {"east-1", []string{"staging", ""}, "staging"},
		"a cluster without a tier has none":          {"east-1", []string{""}, ""},
		"two tiers that contradict are production":   {"east-1", []string{"dev", "staging"}, "production"},
		"a cluster that is not known is production":  {"west-1", []string{"dev"}, "production"},
		"no UID is production, and no cluster's":     {"", []string{"dev"}, "production"},
	} {
		if got := gate.TierOf(c.uid, clusters(c.tiers...)); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}

func TestTheGateIsInUse(t *testing.T) {
	t.Parallel()
	some := []*capstan.PromotionPolicy{policy("some", capstan.PromotionPolicySpec{})}
	for sentence, c := range map[string]struct {
		policies []*capstan.PromotionPolicy
		clusters []*capstan.Cluster
		want     bool
	}{
		"with a policy":                   {some, nil, true},
		"with a cluster of production":    {nil, clusters("production"), true},
		"not with clusters of other kind": {nil, clusters("dev"), false},
		"not with nothing":                {nil, nil, false},
	} {
		if got := gate.InUse(c.policies, c.clusters); got != c.want {
			t.Errorf("%s: %t", sentence, got)
		}
	}
	if gate.RequirementOf(shop(), "west-1", nil, clusters("dev")).Gated {
		t.Error("a cluster that is not known is gated where the gate is not in use")
	}
	if !gate.RequirementOf(shop(), "west-1", nil, clusters("production")).Gated {
		t.Error("a cluster that is not known is not gated where the gate is in use")
	}
	if gate.RequirementOf(shop(), "lab-1", nil, clusters("production")).Gated {
		t.Error("a cluster of another tier is gated without a policy")
	}
}
