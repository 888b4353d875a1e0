// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// claimed are the objects in the place of Git's hooks that another Application tracks.
func (r *Reconciler) claimed(p *pass, objects []live.Object) []live.Object {
	hooks := map[string]bool{}
	for _, key := range p.desired.apart {
		hooks[key.String()] = true
	}
	var claimed []live.Object
	for _, object := range objects {
		owner := object.Application
		if owner != "" && owner != r.instanceName(p.app) && hooks[object.String()] && r.exists(owner) {
			claimed = append(claimed, object)
		}
	}
	return claimed
}

// conflict says why a sync must not begin: another Application tracks what it would write, and
// a hook cannot be left out, or the options want such a sync to fail.
func conflict(p *pass, current *run) string {
	if current.hooked() && len(p.claimed) > 0 {
		taken := p.claimed[0]
		return fmt.Sprintf("Shared resource found: hook %s/%s is part of application %s",
			taken.Kind, taken.Name, taken.Application)
	}
	if !optionsOf(p.app).FailOnShared {
		return ""
	}
	for _, change := range p.plan.Changes {
		if change.Reason == plan.Shared && current.touches(change.Key) {
			return fmt.Sprintf("Shared resource found: %s/%s is part of applications %s and this one",
				change.Kind, change.Name, change.Owner)
		}
	}
	return ""
}
