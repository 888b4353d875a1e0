// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// hold notes in a rollback what it turns away from: it stays until Git wants something
// else, automated sync or not.
func (r *Reconciler) hold(ctx context.Context, p *pass, current *run) error {
	at := slices.IndexFunc(current.operation.Info, isRollback)
	if at < 0 || current.operation.Info[at].Value != "" {
		return nil
	}
	from, err := originOf(p.app, nil)
	if err != nil {
		return invalid(err)
	}
	turned := &pass{app: p.app, owner: p.owner, target: p.target, from: from}
	if turned.read, err = r.snapshots(ctx, p.owner, from); err != nil {
		return err
	}
	if err := r.render(ctx, turned); err != nil {
		return err
	}
	current.operation.Info[at].Value = turned.read.output.Digest.String()
	return nil
}

// heldBy returns the desired state that the last operation turned away from, "" where it
// was no rollback or did not succeed.
func heldBy(status v1alpha1.ApplicationStatus) string {
	last := status.OperationState
	if last == nil || last.Phase != v1alpha1.OperationSucceeded {
		return ""
	}
	at := slices.IndexFunc(last.Operation.Info, isRollback)
	if at < 0 {
		return ""
	}
	return last.Operation.Info[at].Value
}

func isRollback(info v1alpha1.Info) bool { return info.Name == v1alpha1.InfoRollback }
