// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	influxSecret  = "influxdb"
	influxTimeout = 30 * time.Second
)

// InfluxDB asks InfluxDB servers by Flux (as Argo Rollouts 1.9: metricproviders/influxdb).
type InfluxDB struct {
	Network  Network
	Accounts Accounts
}

// Measure asks the query of a metric. Its result is the list of the values of all records.
func (i InfluxDB) Measure(ctx context.Context, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.Influxdb
	known, err := i.Accounts.find(ctx, run, cmp.Or(asked.Profile, influxSecret), influxSecret)
	if err == nil {
		err = known.need("authToken", "org", "address")
	}
	if err != nil {
		return failed(err)
	}
	return known.hide(i.measure(ctx, metric, known), "authToken")
}

func (i InfluxDB) measure(ctx context.Context, metric v1alpha1.Metric, account account) v1alpha1.Measurement {
	values, err := i.ask(ctx, account, metric.Provider.Influxdb.Query)
	switch {
	case err != nil:
		return failed(err)
	case len(values) == 0:
		return failed(errors.New("no results returned from flux query"))
	default:
		return judged(metric, fmt.Sprint(values), values)
	}
}

func (i InfluxDB) ask(ctx context.Context, account account, query string) ([]any, error) {
	address, err := base("the address of the Secret with the account", account["address"])
	if err != nil {
		return nil, err
	}
	request, err := post(ctx, address+"/api/v2/query?org="+url.QueryEscape(account["org"]), map[string]any{
		"query": query, "type": "flux",
		"dialect": map[string]any{
			"annotations": []string{"datatype", "group", "default"}, "delimiter": ",", "header": true,
		},
	})
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/csv")
	request.Header.Set("Authorization", "Token "+account["authToken"])
	body, err := ask(i.Network.client(false, true, influxTimeout), request)
	if err != nil {
		return nil, err
	}
	return readFlux(body)
}
