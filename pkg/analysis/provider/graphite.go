// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const graphiteTimeout = 10 * time.Second

// Graphite asks Graphite servers (as Argo Rollouts 1.9: metricproviders/graphite).
type Graphite struct {
	Network Network
}

// Measure asks the query of a metric, whose parameters are those of Graphite's render API. Its result is the list of
// the numbers of the first series.
func (g Graphite) Measure(ctx context.Context, _ *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.Graphite
	address, err := base("graphite.address", asked.Address)
	if err != nil {
		return failed(err)
	}
	// Users break long queries into lines, and Graphite needs no blank.
	query, err := url.ParseQuery(strings.Join(strings.Fields(asked.Query), ""))
	if err != nil {
		return failed(fmt.Errorf("graphite.query: %w", err))
	}
	query.Set("format", "json")
	request, err := get(ctx, address+"/render", query)
	if err != nil {
		return failed(err)
	}
	var series []struct{ Datapoints [][]any }
	if err = askJSON(g.Network.client(false, true, graphiteTimeout), request, &series); err != nil {
		return failed(err)
	}
	if len(series) == 0 || len(series[0].Datapoints) == 0 {
		return failed(errors.New("no values found"))
	}
	return judgedPoints(metric, series[0].Datapoints)
}

// judgedPoints judges the numbers of points, each of which is a pair of a number, which may be missing, and a time.
func judgedPoints(metric v1alpha1.Metric, points [][]any) v1alpha1.Measurement {
	numbers, texts := []float64{}, []string{}
	for _, point := range points {
		if len(point) != 2 {
			return failed(errors.New("a data point of the answer is no pair of a number and a time"))
		}
		if point[0] == nil {
			continue
		}
		number, isNumber := point[0].(float64)
		if text, isText := point[0].(string); isText {
			parsed, err := strconv.ParseFloat(text, 64)
			number, isNumber = parsed, err == nil
		}
		if !isNumber {
			return failed(errors.New("a data point of the answer has no number"))
		}
		numbers, texts = append(numbers, number), append(texts, fmt.Sprintf("%f", number))
	}
	return judged(metric, "["+strings.Join(texts, ",")+"]", numbers)
}
