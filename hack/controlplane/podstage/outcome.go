// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Annotations on a Pod that choose how it fares.
const (
	// ReadyAfterAnnotation delays readiness by a duration such as "3s".
	ReadyAfterAnnotation = "stage.capstan.dev/ready-after"
	// CompleteAfterAnnotation sets how long a pod runs that is to complete.
	CompleteAfterAnnotation = "stage.capstan.dev/complete-after"
	// FailAnnotation, when "true", makes the containers crash; a pod that is to complete fails instead.
	FailAnnotation = "stage.capstan.dev/fail"
	// PullErrorAnnotation, when "true", makes the image unavailable.
	PullErrorAnnotation = "stage.capstan.dev/pull-error"
)

// defaultCompleteAfter lets clients see a pod run before it completes.
const defaultCompleteAfter = 300 * time.Millisecond

type outcome struct {
	readyAfter, completeAfter time.Duration
	fail, pullError           bool
}

func outcomeOf(pod *corev1.Pod) (outcome, error) {
	chosen := outcome{completeAfter: defaultCompleteAfter}
	for annotation, field := range map[string]*time.Duration{
		ReadyAfterAnnotation:    &chosen.readyAfter,
		CompleteAfterAnnotation: &chosen.completeAfter,
	} {
		if text, set := pod.Annotations[annotation]; set {
			duration, err := time.ParseDuration(text)
			if err != nil {
				return outcome{}, fmt.Errorf("annotation %s: want a duration such as 3s, got %q", annotation, text)
			}
			*field = duration
		}
	}
	for annotation, field := range map[string]*bool{FailAnnotation: &chosen.fail, PullErrorAnnotation: &chosen.pullError} {
		if text, set := pod.Annotations[annotation]; set {
			value, err := strconv.ParseBool(text)
			if err != nil {
				return outcome{}, fmt.Errorf("annotation %s: want true or false, got %q", annotation, text)
			}
			*field = value
		}
	}
	return chosen, nil
}
