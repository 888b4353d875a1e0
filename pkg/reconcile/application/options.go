// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// optionsOf are the sync options that hold for an Application: those of its operation where
// that has some, else those of its sync policy.
func optionsOf(app *v1alpha1.Application) plan.Options {
	var list v1alpha1.SyncOptions
	if app.Spec.SyncPolicy != nil {
		list = app.Spec.SyncPolicy.SyncOptions
	}
	if sync := syncOf(app); sync != nil && len(sync.SyncOptions) > 0 {
		list = sync.SyncOptions
	}
	options := plan.OptionsOf(list)
	if forced(app) {
		options.How |= plan.Force
	}
	return options
}

// forced reports that an operation deletes and makes anew what it cannot change.
func forced(app *v1alpha1.Application) bool {
	sync := syncOf(app)
	if sync == nil || sync.SyncStrategy == nil {
		return false
	}
	strategy := sync.SyncStrategy
	return strategy.Apply != nil && strategy.Apply.Force || strategy.Hook != nil && strategy.Hook.Force
}

// confirmed reports that a person approved deletions at or after a time (as Argo CD 3.5:
// types.go IsDeletionConfirmed).
func confirmed(app *v1alpha1.Application, since time.Time) bool {
	at, err := time.Parse(time.RFC3339, app.Annotations[v1alpha1.AnnotationKeyDeletionApproved])
	return err == nil && !since.IsZero() && !at.Before(since)
}

// since is when the sync in progress began, zero where there is none.
func (r *run) since() time.Time {
	if !r.active() {
		return time.Time{}
	}
	return r.startedAt
}

// predecessors are the field managers whose fields are taken over: kubectl's, Argo CD's, and
// one that the Application names.
func predecessors(app *v1alpha1.Application) []string {
	managers := []string{"kubectl-client-side-apply", "argocd-controller"}
	if named := app.Annotations[v1alpha1.AnnotationKeyMigrationManager]; named != "" {
		managers = append(managers, named)
	}
	return managers
}

// writeOf is how a change is written to the destination.
func writeOf(p *pass, change plan.Change, m manifest.Manifest) apply.Change {
	if change.Action == plan.Prune {
		return removal(change, propagationOf(optionsOf(p.app).Propagation))
	}
	write := apply.Change{
		Action: apply.Apply, Manifest: m, Respected: p.respected(change.Key),
		Replace: change.How&plan.Replace != 0, Force: change.How&plan.Force != 0, Lenient: change.How&plan.Lenient != 0,
	}
	if change.How&plan.Migrate != 0 {
		write.Migrate = predecessors(p.app)
	}
	return write
}

func propagationOf(name string) metav1.DeletionPropagation {
	switch name {
	case "background":
		return metav1.DeletePropagationBackground
	case "orphan":
		return metav1.DeletePropagationOrphan
	default:
		return metav1.DeletePropagationForeground
	}
}
