// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package provider takes the measurements of an analysis, one file a provider.
//
// Input: a metric whose arguments are filled in. Output: a measurement with its value and the phase that the metric's
// conditions give it, or with the phase Error and a message.
//
// Invariants: addresses are chosen by tenants, so neither this machine nor its link is asked; an answer is read up to a
// bound and within a time; what authenticates goes to the host that the metric names and to no other.
package provider

import (
	"encoding/json"
	"fmt"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// failed is a measurement that could not be taken.
func failed(err error) v1alpha1.Measurement {
	return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseError, Message: err.Error()}
}

// judged is a measurement with its value and what the metric's conditions say of the result.
func judged(metric v1alpha1.Metric, value string, result any) v1alpha1.Measurement {
	measured := v1alpha1.Measurement{Value: value}
	var err error
	if measured.Phase, err = analysis.Judge(metric, result); err != nil {
		measured.Message = err.Error()
	}
	return measured
}

// judgedJSON judges a result, whose value is shown as JSON.
func judgedJSON(metric v1alpha1.Metric, result any) v1alpha1.Measurement {
	value, err := json.Marshal(result)
	if err != nil {
		return failed(fmt.Errorf("encode the result: %w", err))
	}
	return judged(metric, string(value), result)
}
