// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type sceneKind int

const (
	waiting sceneKind = iota
	crashing
	running
	ready
	succeeded
	failed
)

// scene is what all containers of a pod show together.
type scene struct {
	kind            sceneKind
	reason, message string
}

func (s scene) phase() corev1.PodPhase {
	return map[sceneKind]corev1.PodPhase{
		waiting:   corev1.PodPending,
		crashing:  corev1.PodRunning,
		running:   corev1.PodRunning,
		ready:     corev1.PodRunning,
		succeeded: corev1.PodSucceeded,
		failed:    corev1.PodFailed,
	}[s.kind]
}

// statusOf returns the whole status that the pod shows in the scene. Times of what has not changed are kept.
func statusOf(pod *corev1.Pod, shown scene, now time.Time) corev1.PodStatus {
	ip := addressOf(string(pod.UID), 10, 128)
	status := corev1.PodStatus{
		ObservedGeneration: pod.Generation,
		Phase:              shown.phase(),
		StartTime:          pod.Status.StartTime,
		HostIP:             nodeAddress,
		HostIPs:            []corev1.HostIP{{IP: nodeAddress}},
		PodIP:              ip,
		PodIPs:             []corev1.PodIP{{IP: ip}},
		Conditions:         conditionsOf(pod, shown, now),
	}
	if status.StartTime == nil {
		status.StartTime = &metav1.Time{Time: now}
	}
	for _, container := range pod.Spec.InitContainers {
		inner := scene{kind: succeeded}
		switch sidecar := container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways; {
		case shown.kind == waiting:
			inner = scene{kind: waiting, reason: "PodInitializing"}
		case sidecar && (shown.kind == crashing || shown.kind == running):
			inner = scene{kind: ready}
		case sidecar:
			inner = shown
		}
		status.InitContainerStatuses = append(status.InitContainerStatuses,
			containerStatus(pod, container, pod.Status.InitContainerStatuses, inner, now))
	}
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses,
			containerStatus(pod, container, pod.Status.ContainerStatuses, shown, now))
	}
	return status
}

func conditionsOf(pod *corev1.Pod, shown scene, now time.Time) []corev1.PodCondition {
	unready := map[sceneKind]string{succeeded: "PodCompleted", failed: "PodFailed"}[shown.kind]
	if unready == "" {
		unready = "ContainersNotReady"
	}
	initialized := shown.kind != waiting || len(pod.Spec.InitContainers) == 0
	conditions := []corev1.PodCondition{
		condition(corev1.PodScheduled, true, ""),
		condition(corev1.PodInitialized, initialized, "ContainersNotInitialized"),
		condition(corev1.ContainersReady, shown.kind == ready, unready),
		condition(corev1.PodReady, shown.kind == ready, unready),
	}
	own := func(kind corev1.PodConditionType) int {
		return slices.IndexFunc(conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
	}
	for i := range conditions {
		conditions[i].LastTransitionTime = metav1.Time{Time: now}
	}
	for _, existing := range pod.Status.Conditions {
		switch i := own(existing.Type); {
		case i < 0:
			conditions = append(conditions, existing)
		case conditions[i].Status == existing.Status:
			conditions[i].LastTransitionTime = existing.LastTransitionTime
		}
	}
	return conditions
}

func condition(kind corev1.PodConditionType, holds bool, otherwise string) corev1.PodCondition {
	if holds {
		return corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue}
	}
	return corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: otherwise}
}

// addressOf spreads names over the lower three bytes of the network first.second.0.0/9.
func addressOf(name string, first, second byte) string {
	digest := fnv.New32a()
	_, _ = digest.Write([]byte(name)) // a hash never fails to write.
	sum := digest.Sum32()
	return fmt.Sprintf("%d.%d.%d.%d", first, second|byte(sum>>16)&0x7f, byte(sum>>8), byte(sum))
}
