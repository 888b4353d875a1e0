// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RolloutPromote is the body of POST rollouts/NAME/promote; an empty one ends the present wait, or goes on to the next
// step where there is none.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type RolloutPromote struct {
	metav1.TypeMeta `json:""`
	// full skips the remaining steps, analyses and pauses.
	// +optional
	Full bool `json:"full,omitempty"`
	// currentStepIndex is the step that the client saw; where the Rollout is at another, nothing is promoted.
	// +optional
	CurrentStepIndex *int32 `json:"currentStepIndex,omitempty"`
	// currentPodHash is the revision that the client saw; where the Rollout is at another, nothing is promoted.
	// +optional
	CurrentPodHash string `json:"currentPodHash,omitempty"`
}

// RolloutAbort is the body of POST rollouts/NAME/abort; it takes the update back.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type RolloutAbort struct {
	metav1.TypeMeta `json:""`
}

// RolloutRetry is the body of POST rollouts/NAME/retry; it starts an aborted update over.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type RolloutRetry struct {
	metav1.TypeMeta `json:""`
}

// RolloutUndo is the body of POST rollouts/NAME/undo; it makes the pod template of an earlier revision the desired one.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type RolloutUndo struct {
	metav1.TypeMeta `json:""`
	// toRevision is the number of the revision; 0 means the one before the newest.
	// +optional
	ToRevision int64 `json:"toRevision,omitempty"`
}

// RolloutManualPause is the body of POST rollouts/NAME/pause; it stops the Rollout at its current step.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type RolloutManualPause struct {
	metav1.TypeMeta `json:""`
}

// RolloutRestart is the body of POST rollouts/NAME/restart; it replaces all pods that are older than a time.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type RolloutRestart struct {
	metav1.TypeMeta `json:""`
	// at is the time after which every pod must have been created; absent means now.
	// +optional
	At *metav1.Time `json:"at,omitempty"`
}
