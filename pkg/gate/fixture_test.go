// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"errors"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

var errAway = errors.New("the authorizer is away")

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon().Add(-d)) }

func shop() *argo.Application {
	return &argo.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "shop", UID: "app-1", Labels: map[string]string{"team": "shop"}},
		Spec: argo.ApplicationSpec{
			Project:     "payments",
			Source:      &argo.ApplicationSource{RepoURL: "https://git.example/shop", Path: "prod", TargetRevision: "main"},
			Destination: argo.ApplicationDestination{Name: "east", Namespace: "shop"},
		},
	}
}

// facts are those of an Application of production whose Plan, which rita asked for, one approver approved.
func facts(policies ...*capstan.PromotionPolicy) gate.Facts {
	app := shop()
	f := gate.Facts{
		Requirement: gate.Require(gate.Subject{Application: app, Tier: gate.TierProduction, Namespace: "shop"}, policies),
		Application: app,
		ClusterUID:  "east-1",
		Deployed:    "m1",
		Plan: &capstan.Plan{
			ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "shop-2"},
			Spec: capstan.PlanSpec{
				Kind:        capstan.PlanSync,
				Application: capstan.PlanApplication{Name: "shop", UID: "app-1", Spec: gate.SpecDigest(app.Spec)},
				Destination: capstan.SyncRunDestination{Name: "east", UID: "east-1"},
				From:        "m1", Manifests: "m2", Deployed: 20,
				Changes:   []capstan.PlanChange{{Action: capstan.ActionUpdate, Group: "apps", Kind: "Deployment", Name: "shop", UID: "d-1"}},
				Requester: capstan.SyncRunRequester{Username: "rita", UID: "u-rita"},
			},
		},
		Holds: roles(map[string]string{"ann": "approver", "bob": "approver", "rita": "approver"}),
		Now:   noon(),
	}
	f.Approvals = []*capstan.Approval{approval("ann", "approver")}
	return seal(f)
}

// seal gives a Plan the digest of its spec, and lets all Approvals name it.
func seal(f gate.Facts) gate.Facts {
	f.Plan.Digest = gate.PlanDigest(f.Plan.Spec)
	for _, approval := range f.Approvals {
		approval.Spec.PlanDigest = f.Plan.Digest
	}
	return f
}

// roles says who holds which roles, separated by spaces.
func roles(of map[string]string) func(capstan.Approver, string) (bool, error) {
	return func(who capstan.Approver, role string) (bool, error) {
		return slices.Contains(strings.Fields(of[who.Username]), role), nil
	}
}

func approval(who, roles string) *capstan.Approval {
	return &capstan.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "by-" + who, CreationTimestamp: ago(time.Hour)},
		Spec: capstan.ApprovalSpec{
			Application: capstan.SyncRunApplication{Name: "shop", UID: "app-1"}, Plan: "shop-2",
			Decision: capstan.DecisionApprove, Approver: person(who), Roles: strings.Fields(roles), Reason: "read it",
		},
	}
}

func person(name string) capstan.Approver {
	return capstan.Approver{
		Username: name, UID: "u-" + name,
		Extra: map[string][]string{"authentication.kubernetes.io/credential-id": {"JTI=" + name}},
	}
}

func rejection(who string) *capstan.Approval {
	said := approval(who, "approver")
	said.Name, said.Spec.Decision = "no-"+who, capstan.DecisionReject
	return said
}

func policy(name string, spec capstan.PromotionPolicySpec) *capstan.PromotionPolicy {
	if spec.Selectors == nil {
		spec.Selectors = []capstan.GateSelector{{}}
	}
	return &capstan.PromotionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
}

func rule(role string, required int32) capstan.ApprovalRule {
	return capstan.ApprovalRule{Role: role, Required: required}
}

func hours(n int) *metav1.Duration { return &metav1.Duration{Duration: time.Duration(n) * time.Hour} }

func pointer[T any](value T) *T { return &value }
