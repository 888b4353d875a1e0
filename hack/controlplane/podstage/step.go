// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

type action int

const (
	rest action = iota
	bind
	report
	remove
)

// step is what a pod needs next: one action, and the time after which to look at it again (0: when it changes).
type step struct {
	action action
	status corev1.PodStatus
	again  time.Duration
}

// next decides from the pod alone. The age counts from when the pod was bound.
func next(pod *corev1.Pod, age time.Duration, now time.Time) step {
	terminal := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	switch {
	case pod.DeletionTimestamp != nil:
		return nextOfTerminating(pod, terminal, now)
	case pod.Spec.NodeName == "" && len(pod.Spec.SchedulingGates) > 0:
		return step{}
	case pod.Spec.NodeName == "":
		return step{action: bind}
	case terminal:
		return step{}
	}
	reached, again := sceneOf(pod, age)
	status := statusOf(pod, reached, now)
	if sameStatus(pod.Status, status) {
		return step{again: again}
	}
	return step{action: report, status: status, again: again}
}

// nextOfTerminating ends a pod as a kubelet does: the terminal phase first where a controller waits for it behind a
// finalizer, then the deletion without grace.
func nextOfTerminating(pod *corev1.Pod, terminal bool, now time.Time) step {
	grace := pod.DeletionGracePeriodSeconds
	switch {
	case !terminal && len(pod.Finalizers) > 0 && pod.Spec.NodeName != "":
		return step{action: report, status: statusOf(pod, scene{kind: failed, message: "terminated"}, now)}
	case grace != nil && *grace == 0:
		return step{}
	default:
		return step{action: remove}
	}
}

// sceneOf tells what a bound pod shows at that age, and how long it stays so (0: for good).
func sceneOf(pod *corev1.Pod, age time.Duration) (scene, time.Duration) {
	chosen, err := outcomeOf(pod)
	completes := pod.Spec.RestartPolicy != corev1.RestartPolicyAlways
	left := func(delay time.Duration) time.Duration { return max(0, delay-age) }
	switch {
	case err != nil:
		return scene{kind: waiting, reason: "CreateContainerConfigError", message: err.Error()}, 0
	case chosen.pullError:
		return scene{kind: waiting, reason: "ImagePullBackOff", message: "the image cannot be pulled"}, 0
	case chosen.fail && !completes:
		return scene{kind: crashing, reason: "CrashLoopBackOff", message: "back-off restarting failed container"}, 0
	case completes && age >= chosen.completeAfter && chosen.fail:
		return scene{kind: failed, message: "the container failed"}, 0
	case completes && age >= chosen.completeAfter:
		return scene{kind: succeeded}, 0
	case age < chosen.readyAfter && completes:
		return scene{kind: running}, min(left(chosen.readyAfter), left(chosen.completeAfter))
	case age < chosen.readyAfter:
		return scene{kind: running}, left(chosen.readyAfter)
	case completes:
		return scene{kind: ready}, left(chosen.completeAfter)
	default:
		return scene{kind: ready}, 0
	}
}

// sameStatus compares the parts of a status that the stage owns.
func sameStatus(current, desired corev1.PodStatus) bool {
	return current.Phase == desired.Phase && current.PodIP == desired.PodIP &&
		equality.Semantic.DeepEqual(current.Conditions, desired.Conditions) &&
		equality.Semantic.DeepEqual(current.InitContainerStatuses, desired.InitContainerStatuses) &&
		equality.Semantic.DeepEqual(current.ContainerStatuses, desired.ContainerStatuses)
}
