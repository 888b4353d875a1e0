// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"errors"
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// errNotBool says that a condition is no condition.
var errNotBool = errors.New("the condition is neither true nor false")

// Judge returns the phase of a measurement by the conditions of its metric. An error goes with the phase Error.
func Judge(metric v1alpha1.Metric, result any) (v1alpha1.AnalysisPhase, error) {
	success, failure := metric.SuccessCondition, metric.FailureCondition
	succeeded, err := holds(success, result)
	if err != nil {
		return v1alpha1.AnalysisPhaseError, fmt.Errorf("successCondition: %w", err)
	}
	failed, err := holds(failure, result)
	if err != nil {
		return v1alpha1.AnalysisPhaseError, fmt.Errorf("failureCondition: %w", err)
	}
	switch {
	case failed, success != "" && failure == "" && !succeeded:
		return v1alpha1.AnalysisPhaseFailed, nil
	case success != "" && !succeeded:
		return v1alpha1.AnalysisPhaseInconclusive, nil
	default:
		return v1alpha1.AnalysisPhaseSuccessful, nil
	}
}

// holds evaluates a condition; an empty one does not hold.
func holds(condition string, result any) (bool, error) {
	if condition == "" {
		return false, nil
	}
	outcome, err := evaluate(condition, environment(result))
	if err != nil && isEmpty(result) {
		return false, fmt.Errorf("the measured result is empty, so the condition has nothing to judge: %w", err)
	}
	if err != nil {
		return false, err
	}
	held, isBool := outcome.(bool)
	if !isBool {
		return false, errNotBool
	}
	return held, nil
}
