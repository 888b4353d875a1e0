// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// Reasons of refusals that need no Plan to be judged.
const (
	reasonVerb      gate.Reason = "MissingRight"
	reasonExit      gate.Reason = "ExitRequiresApproval"
	reasonOperation gate.Reason = "OperationOverride"
	reasonAction    gate.Reason = "ActionForbidden"
	reasonPrune     gate.Reason = "PruneNotPlanned"
)

// Write says whether somebody may write an Application so; before is nil where it is created. What the write would do
// beyond proposing needs a right each; it is judged by the stricter of both.
func (d *Desk) Write(ctx context.Context, before, after *v1alpha1.Application, who user.Info) error {
	needed, err := d.admitted(ctx, after)
	if err != nil {
		return err
	}
	if before != nil {
		old, err := d.admitted(ctx, before)
		if err != nil {
			return err
		}
		// This holds while it is being deleted, too: its objects are held by the same gate.
		if eased := old.Eased(needed); len(eased) > 0 {
			return d.answer(ctx, after, "applications", gate.Verdict{Decision: gate.Deny, Reason: reasonExit, Message: "this " +
				"would take a gated Application out of the gate, or to a weaker one (" + strings.Join(eased, "; ") +
				"): delete it, which needs a Plan, and create it anew"})
		}
		needed = needed.Join(old)
	}
	if !needed.Gated {
		return nil
	}
	effects := gate.EffectsOfWrite(before, after)
	for _, effect := range effects {
		if err := d.right(ctx, after, effect, who); err != nil {
			return err
		}
	}
	if begins(before, after) {
		return d.Operation(ctx, after, after.Operation, "")
	}
	if len(effects) > 0 {
		d.Tell(ctx, v1alpha1.Resource("applications"), gate.Verdict{Decision: gate.Allow, Reason: gate.ReasonGranted})
	}
	return nil
}

func begins(before, after *v1alpha1.Application) bool {
	return after.Operation != nil && (before == nil || !equality.Semantic.DeepEqual(before.Operation, after.Operation))
}

// right checks the virtual verb of an effect. That of a sync is checked as the right to create applications/sync.
func (d *Desk) right(ctx context.Context, app *v1alpha1.Application, effect gate.Effect, who user.Info) error {
	if effect == gate.EffectSync {
		return nil
	}
	verb := string(effect)
	may, err := d.Roles.May(ctx, ApproverOf(who), verb, v1alpha1.Resource("applications"), app.Namespace, app.Name)
	if err != nil {
		return d.answer(ctx, app, "applications", gate.Verdict{Decision: gate.Hold, Reason: gate.ReasonBlind,
			Message: "the host cluster could not tell who may " + verb + " Applications"})
	}
	if may {
		return nil
	}
	return d.answer(ctx, app, "applications", gate.Verdict{Decision: gate.Deny, Reason: reasonVerb, Message: fmt.Sprintf(
		"on a gated Application this needs the verb %s on applications.argoproj.io; see: kubectl auth can-i %s "+
			"applications.argoproj.io/%s -n %s", verb, verb, app.Name, app.Namespace)})
}

// Operation says whether an operation may be begun on an Application: where it is gated, only that of a Plan that is
// approved and current. A digest names the Plan that is meant; "" means the newest.
func (d *Desk) Operation(
	ctx context.Context, app *v1alpha1.Application, operation *v1alpha1.Operation, digest string,
) error {
	needed, err := d.admitted(ctx, app)
	if err != nil || !needed.Gated {
		return err
	}
	return d.answer(ctx, app, "applications/sync",
		Judge(d.Facts(ctx, app, d.UID(app.Spec.Destination)), operation, digest))
}

// Judge says whether the newest Plan may be applied, and by an operation, where there is one, only if it asks for that
// Plan and for nothing else. A digest names the Plan that is meant; "" means the newest.
func Judge(facts gate.Facts, operation *v1alpha1.Operation, digest string) gate.Verdict {
	if operation == nil {
		return gate.Decide(facts)
	}
	rollback := slices.ContainsFunc(operation.Info, func(info v1alpha1.Info) bool {
		return info.Name == v1alpha1.InfoRollback
	})
	if refusal := gate.OperationRefusal(facts.Application, operation); refusal != "" && !rollback {
		return gate.Verdict{Decision: gate.Deny, Reason: reasonOperation, Message: refusal}
	}
	if operation.Sync == nil || operation.Sync.DryRun {
		return gate.Verdict{Decision: gate.Allow, Reason: gate.ReasonNotGated, Message: "it changes nothing"}
	}
	verdict := gate.Decide(facts)
	if !verdict.Allowed() || facts.Plan == nil {
		return verdict
	}
	return fits(facts.Plan, operation, rollback, digest, verdict)
}

// fits checks that an operation is that of a Plan.
func fits(
	plan *capstan.Plan, operation *v1alpha1.Operation, rollback bool, digest string, granted gate.Verdict,
) gate.Verdict {
	switch {
	case digest != "" && digest != plan.Digest:
		return gate.Verdict{Decision: gate.Deny, Reason: gate.ReasonStalePlan,
			Message: "the newest Plan is " + plan.Name + " with the digest " + plan.Digest}
	case rollback != (plan.Spec.Kind == capstan.PlanRollback):
		return gate.Verdict{Decision: gate.Deny, Reason: gate.ReasonStalePlan, Message: fmt.Sprintf(
			"the approved Plan %s is a %s: ask for that", plan.Name, plan.Spec.Kind)}
	case rollback && (operation.Sync.Revision != plan.Spec.Revision ||
		!slices.Equal(operation.Sync.Revisions, plan.Spec.Revisions)):
		return gate.Verdict{Decision: gate.Deny, Reason: gate.ReasonStalePlan, Message: fmt.Sprintf(
			"the approved Plan %s goes back to SyncRun %s: ask for that", plan.Name, plan.Spec.Run)}
	case operation.Sync.Prune && !plan.Spec.Prune:
		return gate.Verdict{Decision: gate.Deny, Reason: reasonPrune, Message: fmt.Sprintf(
			"the approved Plan %s deletes nothing: sync without prune, or create applications/plan with prune", plan.Name)}
	}
	return granted
}

// Action says whether an action may be run on the objects of an Application: where it is gated, none.
func (d *Desk) Action(ctx context.Context, namespace, name string) error {
	app, err := d.Client.ArgoprojV1alpha1().Applications(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	needed, err := d.admitted(ctx, app)
	if err != nil || !needed.Gated {
		return err
	}
	return d.answer(ctx, app, "applications/action", gate.Verdict{Decision: gate.Deny, Reason: reasonAction,
		Message: "a gated destination takes nothing but approved Plans: change the source instead"})
}
