// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/project"
)

// actor is the destination of a pass as syncs write to it: as the service account that the project names, where
// argocd-cm asks for that.
func (r *Reconciler) actor(p *pass) (apply.Target, error) {
	settings := r.Settings().Impersonation
	if !settings.Enabled {
		return p.target, nil
	}
	to := permitted(p.target, p.app.Spec.Destination.Namespace)
	account, err := project.Account(p.owner, to, p.app.Namespace)
	switch {
	case err != nil:
		return nil, err
	case account != "":
		return p.target.As(account), nil
	case settings.Enforced:
		return nil, fmt.Errorf("no entry of spec.destinationServiceAccounts of AppProject %s fits server %s, namespace %q: "+
			"add one, or set application.sync.impersonation.enforced to \"false\" in argocd-cm",
			p.owner.Name, to.Server, to.Namespace)
	}
	return p.target, nil
}

// apply writes to the destination of a pass, and what the hub keeps for it to the hub.
func (r *Reconciler) apply(
	ctx context.Context, p *pass, changes []apply.Change, options apply.Options,
) []apply.Result {
	results := make([]apply.Result, len(changes))
	for _, kept := range []bool{false, true} {
		var some []apply.Change
		var places []int
		for i, change := range changes {
			if p.kept[change.Manifest.Key] == kept {
				some, places = append(some, change), append(places, i)
			}
		}
		if len(some) == 0 {
			continue
		}
		for i, result := range r.applyAt(ctx, p, some, options) {
			results[places[i]] = result
		}
	}
	return results
}

// applyAt writes changes of one place.
func (r *Reconciler) applyAt(
	ctx context.Context, p *pass, changes []apply.Change, options apply.Options,
) []apply.Result {
	target, err := r.at(p, changes[0].Manifest.Key)
	if err != nil {
		return apply.Refused(changes, err)
	}
	return r.Applier.Apply(ctx, target, changes, options)
}
