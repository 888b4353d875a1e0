// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// declassify is the verb on clusters that takes production off one.
const declassify = "declassify"

// Tier says whether somebody may write a Cluster so; after is nil where it is deleted. Anybody who may write it may say
// that it is production; to say that it is not takes a right of its own.
func (d *Desk) Tier(ctx context.Context, before, after *capstan.Cluster, who user.Info) error {
	if before.Spec.Tier != gate.TierProduction || after != nil && after.Spec.Tier == gate.TierProduction {
		return nil
	}
	clusters := capstan.Resource("clusters")
	may, err := d.Roles.May(ctx, ApproverOf(who), declassify, clusters, "", before.Name)
	verdict := gate.Verdict{Decision: gate.Deny, Reason: reasonVerb, Message: fmt.Sprintf("it is %s: this needs the verb "+
		"%s on clusters.capstan.dev; see: kubectl auth can-i %s clusters.capstan.dev/%s", gate.TierProduction, declassify,
		declassify, before.Name)}
	switch {
	case err != nil:
		verdict.Decision, verdict.Reason = gate.Hold, gate.ReasonBlind
		verdict.Message = "the host cluster could not tell who may " + declassify + " Clusters"
	case may:
		verdict = gate.Verdict{Decision: gate.Allow, Reason: gate.ReasonGranted}
	}
	return d.Answer(ctx, clusters, before.Name, verdict)
}
