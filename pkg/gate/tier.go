// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"k8s.io/apimachinery/pkg/types"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// TierProduction is the tier whose Applications are gated whether or not a policy says so.
const TierProduction = "production"

// TierOf returns the tier of the cluster of a UID, by whatever names and addresses it is registered. A cluster that is
// not known, or of which several tiers are said, counts as production; one that is registered without a tier has none.
func TierOf(uid types.UID, clusters []*capstan.Cluster) string {
	tier, known := "", false
	for _, cluster := range clusters {
		if uid == "" || cluster.Status.UID != uid {
			continue
		}
		said := cluster.Spec.Tier
		if tier != "" && said != "" && said != tier {
			return TierProduction
		}
		tier, known = max(tier, said), true
	}
	if !known {
		return TierProduction
	}
	return tier
}

// InUse reports whether the gate is used at all: where there is neither a policy nor a cluster of production, nothing
// is gated.
func InUse(policies []*capstan.PromotionPolicy, clusters []*capstan.Cluster) bool {
	for _, cluster := range clusters {
		if cluster.Spec.Tier == TierProduction {
			return true
		}
	}
	return len(policies) > 0
}
