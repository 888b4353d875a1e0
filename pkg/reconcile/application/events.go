// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// The reasons of Events on Applications (as Argo CD 3.6: util/argo/audit_logger.go).
const (
	reasonOperationStarted   = "OperationStarted"
	reasonOperationCompleted = "OperationCompleted"
	reasonResourceUpdated    = "ResourceUpdated"
)

// tell emits the Events of a status that was written: how a sync begins and ends, and how sync
// and health change.
func (r *Reconciler) tell(app *v1alpha1.Application, old, now v1alpha1.ApplicationStatus, done *run) {
	if done != nil && !done.told {
		done.told = true
		r.Events.Eventf(app, nil, corev1.EventTypeNormal, reasonOperationStarted, "Sync", "%s", begun(done))
	}
	if done != nil && !done.finished.IsZero() {
		level := corev1.EventTypeNormal
		if done.failed {
			level = corev1.EventTypeWarning
		}
		r.Metrics.syncs.WithLabelValues(app.Namespace, app.Name, projectName(app), r.serverOf(app),
			string(phaseOf(done)), strconv.FormatBool(done.operation.Sync != nil && done.operation.Sync.DryRun)).Inc()
		r.Events.Eventf(app, nil, level, reasonOperationCompleted, "Sync", "%s", completed(done))
	}
	if was := old.Sync.Status; was != "" && was != now.Sync.Status {
		r.Events.Eventf(app, nil, corev1.EventTypeNormal, reasonResourceUpdated, "Compare",
			"Updated sync status: %s -> %s", was, now.Sync.Status)
	}
	if was := old.Health.Status; was != "" && was != now.Health.Status {
		level := corev1.EventTypeNormal
		if now.Health.Status == v1alpha1.HealthStatusDegraded {
			level = corev1.EventTypeWarning
		}
		r.Events.Eventf(app, nil, level, reasonResourceUpdated, "Assess",
			"Updated health status: %s -> %s", was, now.Health.Status)
	}
}

func begun(r *run) string {
	if r.operation.InitiatedBy.Automated {
		return fmt.Sprintf("Initiated automated sync to '%s'", r.shown())
	}
	return fmt.Sprintf("%s initiated sync to %s", cmp.Or(r.operation.InitiatedBy.Username, "Unknown user"), r.shown())
}

func completed(r *run) string {
	what := "Sync operation"
	if r.operation.Sync != nil && len(r.operation.Sync.Resources) > 0 {
		what = "Partial sync operation"
	}
	if r.failed {
		return fmt.Sprintf("%s to %s failed: %s", what, r.shown(), r.message)
	}
	return fmt.Sprintf("%s to %s succeeded", what, r.shown())
}
