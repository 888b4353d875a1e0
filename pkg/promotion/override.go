// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// override is the verb on rollouts that skips steps and analyses in production, and goes back to an earlier revision.
const override = "override"

// Override says whether somebody may skip what the steps of a Rollout ask for, or leave its desired template. Rollouts
// run in the host cluster: where that is production, it takes a right of its own.
func (d *Desk) Override(ctx context.Context, rollout *v1alpha1.Rollout, who user.Info) error {
	if err := d.filled(ctx); err != nil {
		return err
	}
	guarded, err := d.hostIsProduction()
	if err != nil || !guarded {
		return err
	}
	rollouts := v1alpha1.Resource("rollouts")
	may, err := d.Roles.May(ctx, ApproverOf(who), override, rollouts, rollout.Namespace, rollout.Name)
	switch {
	case err != nil:
		return d.Answer(ctx, rollouts, rollout.Name, gate.Verdict{Decision: gate.Hold, Reason: gate.ReasonBlind,
			Message: "the host cluster could not tell who may " + override + " Rollouts"})
	case may:
		return nil
	default:
		return d.Answer(ctx, rollouts, rollout.Name, gate.Verdict{Decision: gate.Deny, Reason: reasonVerb,
			Message: fmt.Sprintf("in production, to skip steps or analyses, or to go back to an earlier revision, needs the "+
				"verb %s on rollouts.argoproj.io; see: kubectl auth can-i %s rollouts.argoproj.io/%s -n %s",
				override, override, rollout.Name, rollout.Namespace)})
	}
}

// hostIsProduction reports whether the gate is in use, and counts the host cluster as production.
func (d *Desk) hostIsProduction() (bool, error) {
	book, err := d.cached()
	if err != nil {
		return false, err
	}
	host := d.UID(v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer})
	return gate.InUse(book.policies, book.clusters) && gate.TierOf(host, book.clusters) == gate.TierProduction, nil
}
