// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// row is a sentence of what the gate says of facts that differ from those of an approved Plan.
type row struct {
	change   func(f *gate.Facts)
	decision gate.Decision
	reason   gate.Reason
}

func judge(t *testing.T, rows map[string]row, policies ...*capstan.PromotionPolicy) {
	t.Helper()
	for sentence, r := range rows {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := facts(policies...)
			r.change(&f)
			got := gate.Decide(f)
			if got.Decision != r.decision || got.Reason != r.reason {
				t.Errorf("%s (%s) %s, want %s (%s)", got.Decision, got.Reason, got.Message, r.decision, r.reason)
			}
			if !got.Allowed() && f.Application != nil && !strings.Contains(got.Message, "kubectl ") {
				t.Errorf("the refusal names no command to run: %s", got.Message)
			}
		})
	}
}

func TestOnlyAPlanThatHoldsNowIsLetThrough(t *testing.T) {
	t.Parallel()
	respec := func(change func(spec *capstan.PlanSpec)) func(f *gate.Facts) {
		return func(f *gate.Facts) { change(&f.Plan.Spec); *f = seal(*f) }
	}
	phase := func(phase capstan.PlanPhase) func(f *gate.Facts) {
		return func(f *gate.Facts) { f.Plan.Status.Phase = phase }
	}
	judge(t, map[string]row{
		"an approved Plan is let through":                             {func(*gate.Facts) {}, gate.Allow, gate.ReasonGranted},
		"what nothing gates is let through":                           {func(f *gate.Facts) { f.Requirement = gate.Requirement{} }, gate.Allow, gate.ReasonNotGated},
		"a fact that could not be read holds even what nothing gates": {func(f *gate.Facts) { f.Unreadable, f.Requirement = errAway, gate.Requirement{} }, gate.Hold, gate.ReasonBlind},
		"no facts at all hold":                                        {func(f *gate.Facts) { *f = gate.Facts{} }, gate.Hold, gate.ReasonBlind},
		"no Application holds":                                        {func(f *gate.Facts) { f.Application = nil }, gate.Hold, gate.ReasonBlind},
		"no Plan holds":                                               {func(f *gate.Facts) { f.Plan = nil }, gate.Hold, gate.ReasonNoPlan},
		"no time holds":                                               {func(f *gate.Facts) { f.Now = time.Time{} }, gate.Hold, gate.ReasonBlind},
		"an edited source makes the Plan stale":                       {func(f *gate.Facts) { f.Application.Spec.Source.TargetRevision = "evil" }, gate.Deny, gate.ReasonStalePlan},
		"an edited sync option makes the Plan stale": {func(f *gate.Facts) {
			f.Application.Spec.SyncPolicy = &argo.SyncPolicy{SyncOptions: argo.SyncOptions{"Replace=true"}}
		}, gate.Deny, gate.ReasonStalePlan},
		"a tolerated difference added makes the Plan stale": {func(f *gate.Facts) { f.Application.Spec.IgnoreDifferences = argo.IgnoreDifferences{{Kind: "*"}} }, gate.Deny, gate.ReasonStalePlan},
		"another destination makes the Plan stale":          {func(f *gate.Facts) { f.Application.Spec.Destination.Namespace = "other" }, gate.Deny, gate.ReasonStalePlan},
		"automated sync does not": {func(f *gate.Facts) {
			f.Application.Spec.SyncPolicy = &argo.SyncPolicy{Automated: &argo.SyncPolicyAutomated{}}
		}, gate.Allow, gate.ReasonGranted},
		"a destination re-pointed to another cluster makes it stale": {func(f *gate.Facts) { f.ClusterUID = "west-1" }, gate.Deny, gate.ReasonStalePlan},
		"a cluster without a UID holds":                              {func(f *gate.Facts) { f.ClusterUID = "" }, gate.Hold, gate.ReasonBlind},
		"a Plan for a cluster without a UID is stale":                {respec(func(s *capstan.PlanSpec) { s.Destination.UID = "" }), gate.Deny, gate.ReasonStalePlan},
		"an Application made anew under the name is another":         {func(f *gate.Facts) { f.Application.UID = "app-2" }, gate.Deny, gate.ReasonStalePlan},
		"an Application of another name is another":                  {func(f *gate.Facts) { f.Application.Name = "till" }, gate.Deny, gate.ReasonStalePlan},
		"an Application of another namespace is another":             {func(f *gate.Facts) { f.Application.Namespace = "mallory" }, gate.Deny, gate.ReasonStalePlan},
		"no UIDs are not equal UIDs":                                 {func(f *gate.Facts) { f.Application.UID = ""; f.Plan.Spec.Application.UID = ""; *f = seal(*f) }, gate.Hold, gate.ReasonBlind},
		"no digests of specs are not equal digests":                  {respec(func(s *capstan.PlanSpec) { s.Application.Spec = "" }), gate.Deny, gate.ReasonStalePlan},
		"what was deployed in between makes the Plan stale":          {func(f *gate.Facts) { f.Deployed = "m0" }, gate.Deny, gate.ReasonStalePlan},
		"a Plan that was edited after its approval holds":            {func(f *gate.Facts) { f.Plan.Spec.Manifests = "evil" }, gate.Hold, gate.ReasonTampered},
		"a Plan without a digest holds":                              {func(f *gate.Facts) { f.Plan.Digest = "" }, gate.Hold, gate.ReasonTampered},
		"a Plan edited with its digest has no approvals":             {func(f *gate.Facts) { f.Plan.Spec.Manifests = "evil"; f.Plan.Digest = gate.PlanDigest(f.Plan.Spec) }, gate.Hold, gate.ReasonApprovalRequired},
		"a Plan without manifests holds":                             {respec(func(s *capstan.PlanSpec) { s.Manifests = "" }), gate.Hold, gate.ReasonBlind},
		"a Plan of a kind that nothing is known of holds":            {respec(func(s *capstan.PlanSpec) { s.Kind = "Teleport" }), gate.Hold, gate.ReasonBlind},
		"a Plan that is being deleted is stale":                      {func(f *gate.Facts) { f.Plan.DeletionTimestamp = pointer(ago(0)) }, gate.Deny, gate.ReasonStalePlan},
		"a Plan is used once":                                        {func(f *gate.Facts) { f.Plan.Status.StartedAt = pointer(ago(time.Minute)) }, gate.Deny, gate.ReasonAlreadyUsed},
		"a Plan whose phase is Pending is judged":                    {phase(capstan.PlanPending), gate.Allow, gate.ReasonGranted},
		"a Plan whose phase is Approved is judged":                   {phase(capstan.PlanApproved), gate.Allow, gate.ReasonGranted},
		"the phase Approved alone lets nothing through":              {func(f *gate.Facts) { f.Plan.Status.Phase, f.Approvals = capstan.PlanApproved, nil }, gate.Hold, gate.ReasonApprovalRequired},
		"a Plan whose phase is Running is used":                      {phase(capstan.PlanRunning), gate.Deny, gate.ReasonAlreadyUsed},
		"a Plan whose phase is Succeeded is used":                    {phase(capstan.PlanSucceeded), gate.Deny, gate.ReasonAlreadyUsed},
		"a Plan whose phase is Failed is used":                       {phase(capstan.PlanFailed), gate.Deny, gate.ReasonAlreadyUsed},
		"a Plan whose phase is Rejected is rejected":                 {phase(capstan.PlanRejected), gate.Deny, gate.ReasonRejected},
		"a Plan whose phase is Superseded is stale":                  {phase(capstan.PlanSuperseded), gate.Deny, gate.ReasonStalePlan},
		"a Plan whose phase nothing is known of holds":               {phase("Blessed"), gate.Hold, gate.ReasonBlind},
		"a Plan of a sync does not let a deletion through":           {func(f *gate.Facts) { f.Deleting = true }, gate.Deny, gate.ReasonDeletionRequiresApproval},
		"nor what somebody deleted past the request":                 {func(f *gate.Facts) { f.Application.DeletionTimestamp = pointer(ago(0)) }, gate.Deny, gate.ReasonDeletionRequiresApproval},
		"a Plan of a deletion does not let a sync through":           {respec(func(s *capstan.PlanSpec) { s.Kind = capstan.PlanDestroy }), gate.Deny, gate.ReasonStalePlan},
		"a Plan of a deletion lets the deletion through":             {func(f *gate.Facts) { f.Deleting = true; f.Plan.Spec.Kind = capstan.PlanDestroy; *f = seal(*f) }, gate.Allow, gate.ReasonGranted},
		"a Plan of a deletion lets what is being deleted through": {func(f *gate.Facts) {
			f.Application.DeletionTimestamp = pointer(ago(0))
			f.Plan.Spec.Kind = capstan.PlanDestroy
			*f = seal(*f)
		}, gate.Allow, gate.ReasonGranted},
		"an annotation that says approved lets no deletion through": {func(f *gate.Facts) {
			f.Deleting = true
			metav1.SetMetaDataAnnotation(&f.Application.ObjectMeta, "argocd.argoproj.io/deletion-approved", "true")
		}, gate.Deny, gate.ReasonDeletionRequiresApproval},
		"a status that says Open lets nothing through": {func(f *gate.Facts) {
			f.Approvals = nil
			f.Application.Status.Gate = &argo.ApplicationGate{State: argo.GateOpen}
		}, gate.Hold, gate.ReasonApprovalRequired},
		"an operation that says it is automated lets nothing through": {func(f *gate.Facts) {
			f.Approvals = nil
			f.Application.Operation = &argo.Operation{InitiatedBy: argo.OperationInitiator{Automated: true}}
		}, gate.Hold, gate.ReasonApprovalRequired},
		"what the Plan was judged by does not count, but what holds now": {func(f *gate.Facts) {
			f.Requirement = f.Requirement.Join(facts(policy("two", capstan.PromotionPolicySpec{Approvals: []capstan.ApprovalRule{rule("approver", 2)}})).Requirement)
		}, gate.Hold, gate.ReasonApprovalRequired},
	})
}

func TestARefusalNamesTheNextCommand(t *testing.T) {
	t.Parallel()
	f := facts()
	f.Approvals = nil
	got := gate.Decide(f).Message
	want := `Plan shop-2 waits for 1 of role approver; approve it: kubectl create --raw ` +
		`"/apis/argoproj.io/v1alpha1/namespaces/team/applications/shop/approve" -f - <<< ` +
		`'{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationApproval","planDigest":"` + f.Plan.Digest + `"}'`
	if got != want {
		t.Errorf("the message is\n%s\nwant\n%s", got, want)
	}
	f.Plan = nil
	f.Deleting = true
	if got := gate.Decide(f).Message; !strings.HasSuffix(got, `/applications/shop/plan" -f - <<< '{"apiVersion":"argoproj.io/v1alpha1","destroy":true,"kind":"ApplicationPlan"}'`) {
		t.Errorf("a deletion without a Plan says %s", got)
	}
}
