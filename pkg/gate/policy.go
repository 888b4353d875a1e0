// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// Waiting returns the change of a policy that is not in force because it weakens the policy: another spec, or its
// deletion. It is nil where there is none. Approvals of the same change are kept.
func Waiting(policy *capstan.PromotionPolicy) *capstan.PolicyChange {
	next := &policy.Spec
	if policy.DeletionTimestamp != nil {
		next = nil
	}
	weakens := Weaker(Effective(policy), next)
	if len(weakens) == 0 {
		return nil
	}
	digest := changeDigest(policy.UID, Effective(policy), next)
	if known := policy.Status.Waiting; known != nil && known.Digest == digest {
		return known.DeepCopy()
	}
	return &capstan.PolicyChange{Digest: digest, Weakens: weakens}
}

// changeDigest names a change of the policy of a UID; it is empty where that cannot be encoded.
func changeDigest(uid types.UID, before capstan.PromotionPolicySpec, after *capstan.PromotionPolicySpec) string {
	text, err := canonical(map[string]any{"uid": uid, "before": before, "after": after})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ApprovePolicy adds somebody to those who approve the change that waits, and puts it in force with the last one who is
// needed: the people who could approve what the spec in force asks for. It returns who is missing still, and whether
// this person may.
func ApprovePolicy(
	policy *capstan.PromotionPolicy, who capstan.Approver, digest string,
	holds func(capstan.Approver, string) (bool, error),
) ([]argo.MissingApproval, Verdict) {
	change := Waiting(policy)
	switch {
	case change == nil:
		return nil, deny(ReasonNotPending, "no change of the policy waits for approval")
	case change.Digest == "" || change.Digest != digest:
		return nil, deny(ReasonStalePlan,
			"another change of the policy waits than the one that you read; its digest is "+change.Digest)
	case machine(who):
		return nil, deny(ReasonExcluded, fmt.Sprintf("%q is no person", who.Username))
	case same(policy.Status.Editor, who.Username):
		return nil, deny(ReasonExcluded, who.Username+" made the change: another person has to approve it")
	}
	rules := changeRules(policy)
	if !slices.ContainsFunc(change.Approvers, func(a capstan.Approver) bool { return samePerson(a, who) }) {
		change.Approvers = append(change.Approvers, who)
	}
	people, err := holders(change.Approvers, rolesOf(rules), holds)
	if err != nil {
		return nil, hold(ReasonBlind, "the roles of the approvers could not be read: "+err.Error())
	}
	if !slices.ContainsFunc(people, func(p *person) bool { return p.is(who) }) {
		return nil, deny(ReasonNoRole, fmt.Sprintf("%s holds none of the roles %s in all namespaces",
			who.Username, strings.Join(rolesOf(rules), ", ")))
	}
	missing, _ := match(rules, people)
	policy.Status.Waiting = change
	if len(missing) == 0 {
		policy.Status.Waiting, policy.Status.Effective = nil, policy.Spec.DeepCopy()
	}
	return missing, Verdict{Decision: Allow, Reason: ReasonEligible, Message: who.Username + " may approve it"}
}

// changeRules are the people who let a change of a policy through. Nobody notes who deletes a policy, so that one
// person more is asked for.
func changeRules(policy *capstan.PromotionPolicy) []capstan.ApprovalRule {
	inForce := Effective(policy)
	if len(inForce.Selectors) == 0 {
		inForce = BuiltIn()
	}
	requirement := resolve(inForce)
	rules := plus(requirement.Rules, requirement.Prune.Exceed)
	if policy.DeletionTimestamp != nil {
		for i := range rules {
			rules[i].Required++
		}
	}
	return rules
}

// holders are the approvers who hold any of the roles now.
func holders(
	approvers []capstan.Approver, roles []string, holds func(capstan.Approver, string) (bool, error),
) ([]*person, error) {
	var people []*person
	for _, approver := range approvers {
		who := &person{identities: []capstan.Approver{approver}}
		for _, role := range roles {
			held, err := holds(approver, role)
			if err != nil {
				return nil, err
			}
			if held {
				who.roles = append(who.roles, role)
			}
		}
		if len(who.roles) > 0 {
			people = append(people, who)
		}
	}
	return people, nil
}
