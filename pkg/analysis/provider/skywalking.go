// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"time"

	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	skyWalkingTimeout = 30 * time.Second
	// skyWalkingMinute is how SkyWalking writes times that are exact to the minute.
	skyWalkingMinute = "2006-01-02 1504"
)

// SkyWalking asks Apache SkyWalking servers (as Argo Rollouts 1.9: metricproviders/skywalking).
type SkyWalking struct {
	Network Network
	Clock   clock.PassiveClock
}

// Measure asks the query of a metric, which has the variable $duration. Its result is the data of the answer.
func (s SkyWalking) Measure(ctx context.Context, _ *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.SkyWalking
	address, err := base("skywalking.address", asked.Address)
	if err != nil {
		return failed(err)
	}
	window, err := durationOf("skywalking.interval", asked.Interval, defaultWindow)
	if err != nil {
		return failed(err)
	}
	now := s.Clock.Now()
	duration := map[string]string{
		"start": now.Add(-window).Format(skyWalkingMinute), "end": now.Format(skyWalkingMinute), "step": "MINUTE",
	}
	var data map[string]any
	err = askGraph(ctx, s.Network.client(false, true, skyWalkingTimeout), address+"/graphql", nil,
		graphQuery{asked.Query, map[string]any{"duration": duration}}, &data)
	if err != nil {
		return failed(err)
	}
	return judgedJSON(metric, data)
}
