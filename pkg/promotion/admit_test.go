// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

// granted are the facts of a Plan that one person approved.
func granted(change func(*capstan.PlanSpec)) gate.Facts {
	now := time.Unix(1e9, 0)
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "web", UID: "app"}}
	spec := capstan.PlanSpec{
		Kind: capstan.PlanSync, Number: 1, Revision: "new", Manifests: "sha256:bytes",
		Application: capstan.PlanApplication{Name: "web", UID: "app", Spec: gate.SpecDigest(app.Spec)},
		Destination: capstan.SyncRunDestination{UID: "cluster"},
	}
	change(&spec)
	plan := &capstan.Plan{
		ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "web-1"}, Digest: gate.PlanDigest(spec), Spec: spec,
	}
	approval := &capstan.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "yes", CreationTimestamp: metav1.Time{Time: now}},
		Spec: capstan.ApprovalSpec{
			Application: capstan.SyncRunApplication{Name: "web", UID: "app"}, Plan: plan.Name, PlanDigest: plan.Digest,
			Decision: capstan.DecisionApprove, Approver: capstan.Approver{Username: "ann"}, Roles: []string{gate.DefaultRole},
		},
	}
	production := gate.Subject{Application: app, Tier: gate.TierProduction}
	return gate.Facts{
		Requirement: gate.Require(production, nil), Application: app, ClusterUID: "cluster", Plan: plan,
		Approvals: []*capstan.Approval{approval}, Now: now,
		Holds: func(capstan.Approver, string) (bool, error) { return true, nil },
	}
}

func TestAnOperationIsThatOfTheApprovedPlanOrNone(t *testing.T) {
	t.Parallel()
	sync := func(sync v1alpha1.SyncOperation) *v1alpha1.Operation { return &v1alpha1.Operation{Sync: &sync} }
	back := sync(v1alpha1.SyncOperation{Revision: "old"})
	back.Info = []v1alpha1.Info{{Name: v1alpha1.InfoRollback}}
	plain := func(*capstan.PlanSpec) {}
	rollback := func(to string) func(*capstan.PlanSpec) {
		return func(spec *capstan.PlanSpec) { spec.Kind, spec.Revision = capstan.PlanRollback, to }
	}
	for name, test := range map[string]struct {
		plan      func(*capstan.PlanSpec)
		operation *v1alpha1.Operation
		digest    string
		want      gate.Reason
	}{
		"no operation is automation":                      {plain, nil, "", gate.ReasonGranted},
		"a plain sync applies the Plan":                   {plain, sync(v1alpha1.SyncOperation{}), "", gate.ReasonGranted},
		"another Plan is not that Plan":                   {plain, sync(v1alpha1.SyncOperation{}), "sha256:other", gate.ReasonStalePlan},
		"a dry run changes nothing":                       {plain, sync(v1alpha1.SyncOperation{DryRun: true}), "", gate.ReasonNotGated},
		"what the Plan does not delete, no sync does":     {plain, sync(v1alpha1.SyncOperation{Prune: true}), "", "PruneNotPlanned"},
		"no sync is by other options":                     {plain, sync(v1alpha1.SyncOperation{SyncOptions: v1alpha1.SyncOptions{"Replace=true"}}), "", "OperationOverride"},
		"no sync is of a part":                            {plain, sync(v1alpha1.SyncOperation{Resources: []v1alpha1.SyncOperationResource{{Kind: "Service", Name: "web"}}}), "", "OperationOverride"},
		"no sync is of local manifests":                   {plain, sync(v1alpha1.SyncOperation{Manifests: []string{"{}"}}), "", "OperationOverride"},
		"a rollback is by a Plan of one":                  {plain, back, "", gate.ReasonStalePlan},
		"a rollback applies the Plan of it":               {rollback("old"), back, "", gate.ReasonGranted},
		"a rollback goes where its Plan goes":             {rollback("older"), back, "", gate.ReasonStalePlan},
		"a sync does not go back by the Plan of rollback": {rollback("old"), sync(v1alpha1.SyncOperation{}), "", gate.ReasonStalePlan},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := promotion.Judge(granted(test.plan), test.operation, test.digest); got.Reason != test.want {
				t.Errorf("it is %s (%s), want %s", got.Reason, got.Message, test.want)
			}
		})
	}
}
