// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RolloutPhase is the state of a Rollout in one word.
type RolloutPhase string

// The phases of a Rollout.
const (
	RolloutPhaseHealthy     RolloutPhase = "Healthy"
	RolloutPhaseDegraded    RolloutPhase = "Degraded"
	RolloutPhaseProgressing RolloutPhase = "Progressing"
	RolloutPhasePaused      RolloutPhase = "Paused"
)

// RolloutStatus is what was observed of a Rollout, and what clients asked of its update.
type RolloutStatus struct {
	// Abort takes the update back.
	// +optional
	Abort bool `json:"abort,omitempty"`
	// PauseConditions are why the update waits; a client clears them to go on.
	// +optional
	// +listType=atomic
	PauseConditions []PauseCondition `json:"pauseConditions,omitzero"`
	// ControllerPause says that the controller made the pause; with no pause conditions left, a client ended it.
	// +optional
	ControllerPause bool `json:"controllerPause,omitempty"`
	// AbortedAt is when the controller saw the abort.
	// +optional
	AbortedAt *metav1.Time `json:"abortedAt,omitempty"`
	// CurrentPodHash names the desired pod template.
	// +optional
	CurrentPodHash string `json:"currentPodHash,omitempty"`
	// CurrentStepHash names the list of steps; a new one starts the steps again.
	// +optional
	CurrentStepHash string `json:"currentStepHash,omitempty"`
	// Replicas is the number of pods.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// UpdatedReplicas is the number of pods of the desired template.
	// +optional
	UpdatedReplicas int32 `json:"updatedReplicas,omitempty"`
	// ReadyReplicas is the number of ready pods.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`
	// AvailableReplicas is the number of pods that were ready for the minimum time.
	// +optional
	AvailableReplicas int32 `json:"availableReplicas,omitempty"`
	// CurrentStepIndex is the index of the current step.
	// +optional
	CurrentStepIndex *int32 `json:"currentStepIndex,omitempty"`
	// CollisionCount is the number of collisions of the ReplicaSet's name.
	// +optional
	CollisionCount *int32 `json:"collisionCount,omitempty"`
	// ObservedGeneration is the generation that the status speaks of, as a decimal number.
	// +optional
	ObservedGeneration string `json:"observedGeneration,omitempty"`
	// Conditions are the latest observations of the Rollout's state.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []RolloutCondition `json:"conditions,omitzero"`
	// Canary is what only a canary has.
	// +optional
	Canary CanaryStatus `json:"canary,omitzero"`
	// BlueGreen is what only a blue-green Rollout has.
	// +optional
	BlueGreen BlueGreenStatus `json:"blueGreen,omitzero"`
	// HPAReplicas is the number of pods that an autoscaler counts.
	// +optional
	HPAReplicas int32 `json:"HPAReplicas,omitempty"`
	// Selector selects the pods that an autoscaler measures.
	// +optional
	Selector string `json:"selector,omitempty"`
	// StableRS names the pod template that was promoted last.
	// +optional
	StableRS string `json:"stableRS,omitempty"`
	// RestartedAt is the last restart that is complete.
	// +optional
	RestartedAt *metav1.Time `json:"restartedAt,omitempty"`
	// PromoteFull skips the remaining steps, analyses and pauses.
	// +optional
	PromoteFull bool `json:"promoteFull,omitempty"`
	// Phase is the state of the Rollout in one word.
	// +optional
	Phase RolloutPhase `json:"phase,omitempty"`
	// Message explains the phase.
	// +optional
	Message string `json:"message,omitempty"`
	// WorkloadObservedGeneration is the generation of the referenced workload that the status speaks of.
	// +optional
	WorkloadObservedGeneration string `json:"workloadObservedGeneration,omitempty"`
	// ALB is the load balancer that was verified.
	// +optional
	ALB *ALBStatus `json:"alb,omitempty"`
	// ALBs are the load balancers that were verified, where there are several Ingresses.
	// +optional
	// +listType=atomic
	ALBs []ALBStatus `json:"albs,omitzero"`
	// Duration is how long the update took.
	// +optional
	Duration *RolloutDuration `json:"duration,omitempty"`
}

// PauseReason is why an update waits.
type PauseReason string

// The reasons for which an update waits.
const (
	PauseReasonInconclusiveAnalysis   PauseReason = "InconclusiveAnalysisRun"
	PauseReasonInconclusiveExperiment PauseReason = "InconclusiveExperiment"
	PauseReasonCanaryPauseStep        PauseReason = "CanaryPauseStep"
	PauseReasonBlueGreenPause         PauseReason = "BlueGreenPause"
)

// PauseCondition is why an update waits, and since when.
type PauseCondition struct {
	// Reason is why the update waits.
	Reason PauseReason `json:"reason"`
	// StartTime is when it began to wait.
	StartTime metav1.Time `json:"startTime"`
}

// RolloutConditionType names a condition of a Rollout.
type RolloutConditionType string

// The conditions of a Rollout.
const (
	RolloutInvalidSpec    RolloutConditionType = "InvalidSpec"
	RolloutAvailable      RolloutConditionType = "Available"
	RolloutProgressing    RolloutConditionType = "Progressing"
	RolloutReplicaFailure RolloutConditionType = "ReplicaFailure"
	RolloutPaused         RolloutConditionType = "Paused"
	RolloutCompleted      RolloutConditionType = "Completed"
	RolloutHealthy        RolloutConditionType = "Healthy"
	// RolloutClusterUnreachable says that the cluster of the pods cannot be asked: the rest of the status is as it was
	// seen last. The peer has no such condition.
	RolloutClusterUnreachable RolloutConditionType = "ClusterUnreachable"
)

// RolloutCondition is one observation of a Rollout's state.
type RolloutCondition struct {
	// Type names the condition.
	Type RolloutConditionType `json:"type"`
	// Status is True, False or Unknown.
	Status corev1.ConditionStatus `json:"status"`
	// LastUpdateTime is when the condition was last written.
	LastUpdateTime metav1.Time `json:"lastUpdateTime"`
	// LastTransitionTime is when the status last changed.
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
	// Reason is the machine-readable cause of the last transition.
	Reason string `json:"reason"`
	// Message explains the condition.
	Message string `json:"message"`
}

// RolloutCompletionStatus is how an update ended.
type RolloutCompletionStatus string

// The ends of an update.
const (
	RolloutPromoted       RolloutCompletionStatus = "Promoted"
	RolloutFastPromoted   RolloutCompletionStatus = "FastPromoted"
	RolloutAborted        RolloutCompletionStatus = "Aborted"
	RolloutSuperseded     RolloutCompletionStatus = "Superseded"
	RolloutRolledBack     RolloutCompletionStatus = "RolledBack"
	RolloutFastRolledBack RolloutCompletionStatus = "FastRolledBack"
)

// RolloutDuration is how long an update took.
type RolloutDuration struct {
	// RolloutStartedAt is when the update started.
	// +optional
	RolloutStartedAt *metav1.Time `json:"rolloutStartedAt,omitempty"`
	// ManualPauseStartedAt is when the present wait for a person began.
	// +optional
	ManualPauseStartedAt *metav1.Time `json:"manualPauseStartedAt,omitempty"`
	// TotalManualPauseDurationSeconds is how long the update has waited for people, in seconds.
	// +optional
	TotalManualPauseDurationSeconds *int64 `json:"totalManualPauseDurationSeconds,omitempty"`
	// FinishedAt is when the update ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// CompletionStatus is how the update ended.
	// +optional
	CompletionStatus RolloutCompletionStatus `json:"completionStatus,omitempty"`
}
