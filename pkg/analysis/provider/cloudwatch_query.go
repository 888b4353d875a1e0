// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// cloudWatchQueries returns queries as the API names their fields.
func cloudWatchQueries(asked []v1alpha1.CloudWatchMetricDataQuery) ([]map[string]any, error) {
	if len(asked) == 0 {
		return nil, errors.New("cloudWatch.metricDataQueries is empty")
	}
	var queries []map[string]any
	for i, query := range asked {
		field := fmt.Sprintf("cloudWatch.metricDataQueries[%d]", i)
		made := map[string]any{"Id": query.ID}
		if query.Expression != nil {
			made["Expression"] = *query.Expression
		}
		if query.Label != nil {
			made["Label"] = *query.Label
		}
		if query.ReturnData != nil {
			made["ReturnData"] = *query.ReturnData
		}
		if err := setPeriod(made, field, query.Period); err != nil {
			return nil, err
		}
		if query.MetricStat != nil {
			stat, err := metricStat(field+".metricStat", query.MetricStat)
			if err != nil {
				return nil, err
			}
			made["MetricStat"] = stat
		}
		queries = append(queries, made)
	}
	return queries, nil
}

func metricStat(field string, asked *v1alpha1.CloudWatchMetricStat) (map[string]any, error) {
	if asked.Metric == nil || asked.Period == nil {
		return nil, fmt.Errorf("%s needs metric and period", field)
	}
	name := map[string]any{"MetricName": asked.Metric.MetricName}
	if asked.Metric.Namespace != nil {
		name["Namespace"] = *asked.Metric.Namespace
	}
	var dimensions []map[string]any
	for _, dimension := range asked.Metric.Dimensions {
		dimensions = append(dimensions, map[string]any{"Name": dimension.Name, "Value": dimension.Value})
	}
	if len(dimensions) > 0 {
		name["Dimensions"] = dimensions
	}
	stat := map[string]any{"Metric": name, "Stat": asked.Stat}
	if asked.Unit != "" {
		stat["Unit"] = asked.Unit
	}
	return stat, setPeriod(stat, field, asked.Period)
}

// setPeriod sets a number of seconds, which may be written as a text.
func setPeriod(in map[string]any, field string, period *intstr.IntOrString) error {
	if period == nil {
		return nil
	}
	seconds := int64(period.IntVal)
	if period.Type == intstr.String {
		parsed, err := strconv.ParseInt(period.StrVal, 10, 32)
		if err != nil {
			return fmt.Errorf("%s.period is no number of seconds", field)
		}
		seconds = parsed
	}
	in["Period"] = seconds
	return nil
}
