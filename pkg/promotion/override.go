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

// Override says whether somebody may skip what the steps of a Rollout ask for, or leave its desired template. Where the
// cluster of its pods is production, it takes a right of its own.
func (d *Desk) Override(ctx context.Context, rollout *v1alpha1.Rollout, who user.Info) error {
	if err := d.filled(ctx); err != nil {
		return err
	}
	guarded, err := d.inProduction(rollout)
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

// inProduction reports whether the gate is in use, and counts the cluster of a Rollout's pods as production.
func (d *Desk) inProduction(rollout *v1alpha1.Rollout) (bool, error) {
	book, err := d.cached()
	if err != nil {
		return false, err
	}
	at := v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer}
	if name := rollout.Annotations[v1alpha1.AnnotationCluster]; name != "" {
		at = v1alpha1.ApplicationDestination{Name: name}
	}
	return gate.InUse(book.policies, book.clusters) && gate.TierOf(d.UID(at), book.clusters) == gate.TierProduction, nil
}
