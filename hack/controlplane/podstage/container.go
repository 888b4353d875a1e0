// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func containerStatus(
	pod *corev1.Pod, container corev1.Container, existing []corev1.ContainerStatus, shown scene, now time.Time,
) corev1.ContainerStatus {
	started := shown.kind == running || shown.kind == ready
	status := corev1.ContainerStatus{
		Name:    container.Name,
		Image:   container.Image,
		State:   stateOf(shown, now),
		Ready:   shown.kind == ready,
		Started: &started,
	}
	if shown.kind != waiting {
		status.ImageID = "stage://" + container.Image
		status.ContainerID = "stage://" + string(pod.UID) + "/" + container.Name
	}
	// The status of an init container that has ended well is ready, as the kubelet writes it.
	if shown.kind == succeeded && isInit(pod, container.Name) {
		status.Ready = true
	}
	if shown.kind == crashing {
		status.RestartCount = 1
		status.LastTerminationState = stateOf(scene{kind: failed}, now)
	}
	for _, old := range existing {
		if old.Name == container.Name {
			status.RestartCount = max(status.RestartCount, old.RestartCount)
			status.State = keepTimes(old.State, status.State)
			if shown.kind == crashing && old.LastTerminationState.Terminated != nil {
				status.LastTerminationState = old.LastTerminationState
			}
		}
	}
	return status
}

func stateOf(shown scene, now time.Time) corev1.ContainerState {
	at := metav1.Time{Time: now}
	switch shown.kind {
	case running, ready:
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at}}
	case succeeded:
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			Reason: "Completed", StartedAt: at, FinishedAt: at}}
	case failed:
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 1, Reason: "Error", Message: shown.message, StartedAt: at, FinishedAt: at}}
	default:
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: shown.reason, Message: shown.message}}
	}
}

// keepTimes keeps the times of a state that goes on, and the start of one that has ended.
func keepTimes(old, state corev1.ContainerState) corev1.ContainerState {
	switch {
	case state.Running != nil && old.Running != nil:
		state.Running.StartedAt = old.Running.StartedAt
	case state.Terminated != nil && old.Terminated != nil:
		state.Terminated.StartedAt = old.Terminated.StartedAt
		state.Terminated.FinishedAt = old.Terminated.FinishedAt
	case state.Terminated != nil && old.Running != nil:
		state.Terminated.StartedAt = old.Running.StartedAt
	}
	return state
}

func isInit(pod *corev1.Pod, name string) bool {
	for _, container := range pod.Spec.InitContainers {
		if container.Name == name {
			return true
		}
	}
	return false
}
