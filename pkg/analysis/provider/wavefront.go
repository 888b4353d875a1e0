// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	wavefrontSecret  = "wavefront-api-tokens"
	wavefrontTimeout = 30 * time.Second
)

// Wavefront asks Wavefront (as Argo Rollouts 1.9: metricproviders/wavefront).
type Wavefront struct {
	Network  Network
	Accounts Accounts
	Clock    clock.PassiveClock
}

// Measure asks the query of a metric. Its result is the number of a series that is nearest to now, or the list of
// those of several series. The Secret's keys are addresses, and each token goes to its own.
func (w Wavefront) Measure(
	ctx context.Context, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric,
) v1alpha1.Measurement {
	asked := metric.Provider.Wavefront
	if asked.Address == "" {
		return failed(errors.New("wavefront.address is missing"))
	}
	known, err := w.Accounts.find(ctx, run, wavefrontSecret, wavefrontSecret)
	if err == nil {
		err = known.need(asked.Address)
	}
	if err != nil {
		return failed(err)
	}
	return known.hide(w.measure(ctx, metric, known[asked.Address]), asked.Address)
}

func (w Wavefront) measure(ctx context.Context, metric v1alpha1.Metric, token string) v1alpha1.Measurement {
	asked := metric.Provider.Wavefront
	address, err := base("wavefront.address", "https://"+asked.Address)
	if err != nil {
		return failed(err)
	}
	now := w.Clock.Now().Unix()
	milliseconds := strconv.FormatInt(now*1000, 10)
	request, err := get(ctx, address+"/api/v2/chart/api", url.Values{
		"q": {asked.Query}, "s": {milliseconds}, "e": {milliseconds}, "g": {"s"}, "p": {"1"}, "i": {"true"},
		"autoEvents": {"false"}, "listmode": {"false"}, "strict": {"false"}, "includeObsoleteMetrics": {"false"},
	})
	if err != nil {
		return failed(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return judgedSeries(w.Network.client(false, true, wavefrontTimeout), request, metric, float64(now))
}

func judgedSeries(
	client *http.Client, request *http.Request, metric v1alpha1.Metric, now float64,
) v1alpha1.Measurement {
	var answer struct {
		Warnings   string
		Timeseries []struct{ Data [][]float64 }
	}
	if err := askJSON(client, request, &answer); err != nil {
		return failed(err)
	}
	var numbers []float64
	var values, times, drifts []string
	for _, series := range answer.Timeseries {
		at, number, err := nearest(series.Data, now)
		if err != nil {
			return failed(err)
		}
		numbers, values = append(numbers, number), append(values, fmt.Sprintf("%.2f", number))
		times, drifts = append(times, fmt.Sprint(int64(at))), append(drifts, fmt.Sprint(int64(at-now)))
	}
	var result any = numbers
	listed := func(texts []string) string { return "[" + strings.Join(texts, ",") + "]" }
	switch len(numbers) {
	case 0:
		return failed(errors.New("the answer has no series"))
	case 1:
		result = numbers[0]
		listed = func(texts []string) string { return texts[0] }
	}
	measured := judged(metric, listed(values), result)
	measured.Metadata = map[string]string{"timestamps": listed(times), "drift": listed(drifts)}
	if answer.Warnings != "" {
		measured.Metadata["warnings"] = answer.Warnings
	}
	return measured
}

// nearest returns the point, a pair of a time and a number, that is nearest to a time.
func nearest(points [][]float64, to float64) (at, number float64, err error) {
	drift := math.Inf(1)
	for _, point := range points {
		if len(point) != 2 {
			return 0, 0, errors.New("a data point of the answer is no pair of a time and a number")
		}
		if away := math.Abs(point[0] - to); away < drift {
			at, number, drift = point[0], point[1], away
		}
	}
	if math.IsInf(drift, 1) {
		return 0, 0, errors.New("a series of the answer has no data points")
	}
	return at, number, nil
}
