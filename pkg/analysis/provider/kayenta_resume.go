// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Resume looks at an analysis. Its score decides, not the conditions of the metric.
func (k Kayenta) Resume(
	ctx context.Context, _ *v1alpha1.AnalysisRun, metric v1alpha1.Metric, measured v1alpha1.Measurement,
) v1alpha1.Measurement {
	asked := metric.Provider.Kayenta
	id := measured.Metadata[executionID]
	address, err := base("kayenta.address", asked.Address)
	if err == nil && id == "" {
		err = errors.New("the measurement has no " + executionID)
	}
	if err == nil {
		err = kayentaThreshold(asked)
	}
	if err != nil {
		return broken(measured, err)
	}
	request, err := get(ctx, address+"/canary/"+url.PathEscape(id), nil)
	if err != nil {
		return broken(measured, err)
	}
	var state struct {
		Complete *bool
		Result   struct {
			JudgeResult struct{ Score struct{ Score *float64 } }
		}
	}
	err = askJSON(k.Network.client(false, true, kayentaTimeout), request, &state)
	score := state.Result.JudgeResult.Score.Score
	switch {
	case err != nil:
		return broken(measured, err)
	case state.Complete == nil:
		return broken(measured, errors.New("the answer does not say whether the analysis is complete"))
	case !*state.Complete:
		return k.later(measured)
	case score == nil:
		return broken(measured, errors.New("the analysis has no score"))
	}
	whole := int64(*score)
	measured.Value, measured.Phase = fmt.Sprint(whole), kayentaPhase(whole, asked.Threshold)
	return measured
}

func kayentaPhase(score int64, threshold *v1alpha1.KayentaThreshold) v1alpha1.AnalysisPhase {
	switch {
	case score >= *threshold.Pass:
		return v1alpha1.AnalysisPhaseSuccessful
	case score >= *threshold.Marginal:
		return v1alpha1.AnalysisPhaseInconclusive
	default:
		return v1alpha1.AnalysisPhaseFailed
	}
}

// Terminate lets an analysis be: Kayenta ends it by itself.
func (Kayenta) Terminate(
	_ context.Context, _ *v1alpha1.AnalysisRun, _ v1alpha1.Metric, measured v1alpha1.Measurement,
) v1alpha1.Measurement {
	measured.Phase, measured.Message = v1alpha1.AnalysisPhaseSuccessful, "Metric Terminated"
	return measured
}

// Collect has nothing to remove.
func (Kayenta) Collect(context.Context, *v1alpha1.AnalysisRun, []v1alpha1.Measurement) error {
	return nil
}
