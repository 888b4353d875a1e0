// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// abort takes the update back.
func abort(_ context.Context, rollout *v1alpha1.Rollout, _ runtime.Object) error {
	if err := seen(rollout); err != nil {
		return err
	}
	if promoted(rollout) {
		return conflict(rollout, "no update is in progress; to go back, create rollouts/undo")
	}
	rollout.Status.Abort = true
	return nil
}

// retry starts an aborted update over.
func retry(_ context.Context, rollout *v1alpha1.Rollout, _ runtime.Object) error {
	if !rollout.Status.Abort {
		return conflict(rollout, "no update of it is aborted")
	}
	rollout.Status.Abort = false
	return nil
}

// pause stops the Rollout at its current step; rollouts/promote goes on.
func pause(_ context.Context, rollout *v1alpha1.Rollout, _ runtime.Object) error {
	rollout.Spec.Paused = new(true)
	return nil
}

// restart has the pods replaced that are older than a time.
func restart(_ context.Context, rollout *v1alpha1.Rollout, body runtime.Object) error {
	at := metav1.Now().Rfc3339Copy()
	if asked := registry.As[*v1alpha1.RolloutRestart](body).At; asked != nil {
		at = *asked
	}
	rollout.Spec.RestartAt = &at
	return nil
}
