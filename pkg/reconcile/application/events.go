// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// The reasons of Events on Applications (as Argo CD 3.6: util/argo/audit_logger.go).
const (
	reasonOperationCompleted = "OperationCompleted"
	reasonResourceUpdated    = "ResourceUpdated"
)

// tell emits the Events of a status that was written: the end of a sync, and what a person
// would want to know of sync and health.
func (r *Reconciler) tell(app *v1alpha1.Application, old, now v1alpha1.ApplicationStatus, done *run) {
	if done != nil && !done.finished.IsZero() {
		level, verb := corev1.EventTypeNormal, "succeeded"
		if done.failed {
			level, verb = corev1.EventTypeWarning, "failed"
		}
		r.Metrics.syncs.WithLabelValues(app.Namespace, app.Name, projectName(app), app.Spec.Destination.Server,
			string(phaseOf(done)), strconv.FormatBool(done.operation.Sync != nil && done.operation.Sync.DryRun)).Inc()
		r.Events.Eventf(app, nil, level, reasonOperationCompleted, "Sync",
			"%s sync to %.7s %s: %s", done.trigger, done.revision, verb, done.message)
	}
	if old.Sync.Status == v1alpha1.SyncStatusCodeSynced && now.Sync.Status == v1alpha1.SyncStatusCodeOutOfSync {
		r.Events.Eventf(app, nil, corev1.EventTypeNormal, reasonResourceUpdated, "Compare", "%s",
			fmt.Sprintf("Updated sync status: %s -> %s", old.Sync.Status, now.Sync.Status))
	}
	if now.Health.Status == v1alpha1.HealthStatusDegraded && old.Health.Status != now.Health.Status {
		r.Events.Eventf(app, nil, corev1.EventTypeWarning, reasonResourceUpdated, "Assess", "%s",
			fmt.Sprintf("Updated health status: %s -> %s", old.Health.Status, now.Health.Status))
	}
}
