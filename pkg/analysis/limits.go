// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	// defaultErrorLimit is how many errors in a row a metric survives that says nothing of it.
	defaultErrorLimit = 4
	// afterError is how long to wait after an error, whatever the interval.
	afterError = 10 * time.Second
	// shortestInterval keeps one run from taking all the time there is. Times in a status have no fractions.
	shortestInterval = time.Second
	// endless is the count of a metric that is measured until the run ends.
	endless = -1
)

// limits are the numbers that decide about a metric.
type limits struct {
	failure, inconclusive, consecutiveError, consecutiveSuccess int32
	// count is how many measurements are taken, or endless.
	count int32
}

func limitsOf(metric v1alpha1.Metric) limits {
	return limits{
		failure:            number(metric.FailureLimit, 0),
		inconclusive:       number(metric.InconclusiveLimit, 0),
		consecutiveError:   number(metric.ConsecutiveErrorLimit, defaultErrorLimit),
		consecutiveSuccess: number(metric.ConsecutiveSuccessLimit, 0),
		count:              countOf(metric),
	}
}

// countOf is how many measurements of a metric are taken, or endless.
func countOf(metric v1alpha1.Metric) int32 {
	switch count := number(metric.Count, 0); {
	case count > 0:
		return count
	case metric.Interval == "":
		return 1
	default:
		return endless
	}
}

// Endless says that a metric is measured until something else ends the run.
func Endless(metric v1alpha1.Metric) bool {
	return countOf(metric) == endless
}

// number is the number that a field holds, as such or as a text, or absent.
func number(value *intstr.IntOrString, absent int32) int32 {
	if value == nil {
		return absent
	}
	return int32(value.IntValue())
}

// pause is how long to wait after a measurement of a metric for the next.
func pause(metric v1alpha1.Metric, last v1alpha1.Measurement) time.Duration {
	interval, err := metric.Interval.Duration()
	if last.Phase == v1alpha1.AnalysisPhaseError || err != nil {
		return afterError
	}
	return max(interval, shortestInterval)
}

// delay is how long after the start of a run a metric is measured first.
func delay(metric v1alpha1.Metric) time.Duration {
	if metric.InitialDelay == "" {
		return 0
	}
	initial, err := metric.InitialDelay.Duration()
	if err != nil {
		return 0
	}
	return initial
}
