// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// authors are those of the commits between what is deployed and what a Plan brings. What could not be read is said, and
// asks for more approvals: who is not known cannot be kept from approving their own change.
func (r *Reconciler) authors(
	ctx context.Context, p *pass, spec capstan.PlanSpec,
) (authors []capstan.PlanAuthor, unknown bool) {
	before, err := r.deployedBefore(ctx, p)
	if err != nil {
		return nil, true
	}
	unknown = p.desired != nil && p.desired.submodules
	for i, from := range p.from.sources {
		if from.Chart != "" {
			// A version of a chart has no authors that anybody could read.
			continue
		}
		since, to := at(before.Revision, before.Revisions, i), at(spec.Revision, spec.Revisions, i)
		found, whole, err := r.Sources.Authors(ctx, from.RepoURL, to, since, p.owner.Name)
		unknown = unknown || err != nil || !whole
		for _, author := range found {
			authors = append(authors, capstan.PlanAuthor{Name: author.Name, Email: author.Email})
		}
	}
	return authors, unknown
}

// deployedBefore is what was deployed before: by the Plan of that, which nobody else can write, or by the history of an
// Application that was not gated then.
func (r *Reconciler) deployedBefore(ctx context.Context, p *pass) (capstan.PlanSpec, error) {
	if stands := p.app.Status.Gate; stands != nil && stands.Deployed != nil {
		last, err := r.Desk.Plan(ctx, p.app.Namespace, stands.Deployed.Plan)
		if err != nil {
			return capstan.PlanSpec{}, err
		}
		return last.Spec, nil
	}
	if history := p.app.Status.History; len(history) > 0 {
		last := history[len(history)-1]
		return capstan.PlanSpec{Revision: last.Revision, Revisions: last.Revisions}, nil
	}
	return capstan.PlanSpec{}, nil
}

// at is the revision of one source: its own of several, or the only one.
func at(single string, several []string, i int) string {
	if i < len(several) {
		return several[i]
	}
	return single
}
