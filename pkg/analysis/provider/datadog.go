// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	datadogSecret         = "datadog"
	datadogSite           = "https://api.datadoghq.com"
	defaultDatadogTimeout = 10 * time.Second
	// defaultWindow is how far a query looks back that says nothing of it.
	defaultWindow = 5 * time.Minute
)

// Datadog asks Datadog (as Argo Rollouts 1.9: metricproviders/datadog).
type Datadog struct {
	Network  Network
	Accounts Accounts
	Clock    clock.PassiveClock
}

// Measure asks the query of a metric.
func (d Datadog) Measure(ctx context.Context, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.Datadog
	if err := checkDatadog(asked); err != nil {
		return failed(err)
	}
	known, err := d.account(ctx, run, asked.SecretRef)
	if err == nil {
		err = known.need("api-key", "app-key")
	}
	if err != nil {
		return failed(err)
	}
	return known.hide(d.measure(ctx, metric, known), "api-key", "app-key")
}

// account is that of the Secret that a metric names, else that of the usual name.
func (d Datadog) account(
	ctx context.Context, run *v1alpha1.AnalysisRun, ref *v1alpha1.DatadogSecretRef,
) (account, error) {
	named := ref != nil && ref.Name != ""
	if ref != nil && ref.Namespaced != nil && *ref.Namespaced {
		if !named {
			return nil, errors.New("datadog.secretRef: secret name is required for namespaced credentials")
		}
		return d.Accounts.own(ctx, run, ref.Name)
	}
	if named {
		return d.Accounts.find(ctx, run, ref.Name, datadogSecret)
	}
	return d.Accounts.find(ctx, run, datadogSecret, datadogSecret)
}

func (d Datadog) measure(ctx context.Context, metric v1alpha1.Metric, account account) v1alpha1.Measurement {
	asked := metric.Provider.Datadog
	address, err := base("the address of the Secret with the account", cmp.Or(account["address"], datadogSite))
	if err != nil {
		return failed(err)
	}
	window, err := durationOf("datadog.interval", asked.Interval, defaultWindow)
	if err != nil {
		return failed(err)
	}
	timeout, err := durationOf("datadog.requestTimeout", asked.RequestTimeout, defaultDatadogTimeout)
	if err != nil {
		return failed(err)
	}
	to := d.Clock.Now().Unix()
	request, err := datadogRequest(ctx, address, asked, to-int64(window.Seconds()), to)
	if err != nil {
		return failed(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("DD-API-KEY", account["api-key"])
	request.Header.Set("DD-APPLICATION-KEY", account["app-key"])
	client := d.Network.client(false, true, timeout)
	if isDatadogV2(asked) {
		return datadogV2(client, request, metric)
	}
	return datadogV1(client, request, metric)
}

// datadogRequest asks for the samples between two times, in seconds.
func datadogRequest(
	ctx context.Context, address string, asked *v1alpha1.DatadogMetric, from, to int64,
) (*http.Request, error) {
	if !isDatadogV2(asked) {
		return get(ctx, address+"/api/v1/query", url.Values{
			"query": {asked.Query}, "from": {strconv.FormatInt(from, 10)}, "to": {strconv.FormatInt(to, 10)},
		})
	}
	named := asked.Queries
	if asked.Query != "" {
		named = map[string]string{"query": asked.Query}
	}
	queries, formulas := []map[string]string{}, []map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		queries = append(queries, map[string]string{
			"aggregator": cmp.Or(asked.Aggregator, "last"), "data_source": "metrics", "name": name, "query": named[name],
		})
	}
	if asked.Formula != "" {
		formulas = append(formulas, map[string]string{"formula": asked.Formula})
	}
	return post(ctx, address+"/api/v2/query/scalar", map[string]any{"data": map[string]any{
		"type": "scalar_request",
		"attributes": map[string]any{
			"from": from * 1000, "to": to * 1000, "queries": queries, "formulas": formulas,
		},
	}})
}

func isDatadogV2(asked *v1alpha1.DatadogMetric) bool { return asked.APIVersion == "v2" }

// checkDatadog says what is wrong with what a metric asks.
func checkDatadog(asked *v1alpha1.DatadogMetric) error {
	v1 := !isDatadogV2(asked)
	switch {
	case v1 && asked.APIVersion != "" && asked.APIVersion != "v1":
		return fmt.Errorf("datadog.apiVersion: %q is neither v1 nor v2", asked.APIVersion)
	case asked.Query == "" && len(asked.Queries) == 0:
		return errors.New("datadog needs a query, or queries")
	case asked.Query != "" && len(asked.Queries) > 0:
		return errors.New("datadog.query and datadog.queries are both set: leave one out")
	case v1 && asked.Query == "":
		return errors.New("datadog.queries needs apiVersion v2: v1 takes a query alone")
	case asked.Formula != "" && len(asked.Queries) == 0:
		return errors.New("datadog.formula needs queries that it combines")
	case asked.Formula == "" && len(asked.Queries) > 1:
		return errors.New("datadog.queries needs a formula that combines them")
	case v1 && asked.Aggregator != "":
		return errors.New("datadog.aggregator needs apiVersion v2")
	default:
		return nil
	}
}
