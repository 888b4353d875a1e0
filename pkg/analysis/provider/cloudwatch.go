// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	cloudWatchTimeout = 30 * time.Second
	getMetricData     = "GraniteServiceVersion20100801.GetMetricData"
)

// CloudWatch asks Amazon CloudWatch (as Argo Rollouts 1.9: metricproviders/cloudwatch).
type CloudWatch struct {
	Network  Network
	Identity AWS
	Clock    clock.PassiveClock
}

// Measure asks the queries of a metric. Its result is the list of their results, each with the fields of CloudWatch's
// MetricDataResult.
func (c CloudWatch) Measure(ctx context.Context, _ *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.CloudWatch
	window, err := durationOf("cloudWatch.interval", asked.Interval, defaultWindow)
	if err != nil {
		return failed(err)
	}
	queries, err := cloudWatchQueries(asked.MetricDataQueries)
	if err != nil {
		return failed(err)
	}
	address, err := c.Identity.at("CLOUDWATCH", "monitoring")
	if err != nil {
		return failed(err)
	}
	now := c.Clock.Now()
	request, err := post(ctx, address+"/", map[string]any{
		"StartTime": now.Add(-window).Unix(), "EndTime": now.Unix(), "MetricDataQueries": queries,
	})
	if err != nil {
		return failed(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", getMetricData)
	as, err := c.Identity.as(c.Identity.Region, "")
	if err != nil {
		return failed(err)
	}
	client := c.Network.client(false, true, cloudWatchTimeout)
	client.Transport = signed{client.Transport, as, "monitoring", c.Identity.Region, c.Clock}
	return judgedMetricData(client, request, metric)
}

// metricData is a MetricDataResult.
type metricData struct {
	ID, Label, StatusCode string
	Messages              []metricMessage
	Timestamps            []float64
	Values                []float64
}

// metricMessage is what CloudWatch has to say.
type metricMessage struct{ Code, Value string }

func judgedMetricData(client *http.Client, request *http.Request, metric v1alpha1.Metric) v1alpha1.Measurement {
	var answer struct {
		MetricDataResults []metricData
		Messages          []metricMessage
	}
	if err := askJSON(client, request, &answer); err != nil {
		return failed(err)
	}
	result, values := []any{}, [][]float64{}
	for _, data := range answer.MetricDataResults {
		times := make([]time.Time, 0, len(data.Timestamps))
		for _, at := range data.Timestamps {
			seconds, fraction := math.Modf(at)
			times = append(times, time.Unix(int64(seconds), int64(fraction*float64(time.Second))).UTC())
		}
		values = append(values, data.Values)
		result = append(result, map[string]any{
			"Id": data.ID, "Label": data.Label, "StatusCode": data.StatusCode, "Messages": data.Messages,
			"Timestamps": times, "Values": data.Values,
		})
	}
	measured := judged(metric, fmt.Sprint(values), result)
	if len(answer.Messages) > 0 {
		measured.Metadata = map[string]string{"messages": fmt.Sprintf("%+v", answer.Messages)}
	}
	return measured
}
