// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// anything stands for the first part of a group's name, or for every kind of a group.
const anything = "*"

// newerRules returns the kinds that Argo CD 3.6 rates and the embedded scripts of 3.5 do not
// know or rate differently; they go before the scripts.
func newerRules() map[schema.GroupKind]builtin {
	return map[schema.GroupKind]builtin{
		{Group: "*.services.k8s.aws", Kind: anything}:                            {assess: ackHealth},
		{Group: "controlplane.cluster.x-k8s.io", Kind: "AWSManagedControlPlane"}: {assess: eksHealth},
		{Group: "microgateway.airlock.com", Kind: anything}:                      {assess: airlockHealth},
		{Group: "pulumi.com", Kind: "Stack"}:                                     {assess: stackHealth},
		{Group: "trust.cert-manager.io", Kind: "Bundle"}:                         {assess: bundleHealth},
		{Group: "work.karmada.io", Kind: "ResourceBinding"}:                      {assess: resourceBindingHealth},
	}
}

// newerRule finds the rule of a kind, of its group, or of the groups that end as its group does.
func (r *Rules) newerRule(gk schema.GroupKind) (builtin, bool) {
	if rule, found := r.newer[gk]; found {
		return rule, true
	}
	if rule, found := r.newer[schema.GroupKind{Group: gk.Group, Kind: anything}]; found {
		return rule, true
	}
	_, family, _ := strings.Cut(gk.Group, ".")
	rule, found := r.newer[schema.GroupKind{Group: anything + "." + family, Kind: anything}]
	return rule, found
}
