// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// variables are an environment.
func variables(names map[string]string) Lookup {
	return func(name string) (string, bool) {
		value, is := names[name]
		return value, is
	}
}

func TestCloudWatchMeasures(t *testing.T) {
	t.Parallel()
	const rate = `[{id: rate, expression: errors / requests, label: the rate}, {id: errors, returnData: false, metricStat: {
		metric: {namespace: app, metricName: errors, dimensions: [{name: service, value: shop}]}, period: 300, stat: Sum, unit: Count}},
		{id: requests, returnData: false, period: "60", metricStat: {metric: {metricName: requests}, period: "300", stat: Sum}}]`
	const search = `[{id: m, expression: "SEARCH('x', 'Sum')"}]`
	cases := map[string]struct{ exchange, condition, asked, want string }{
		"values": {"rate", `all(result[0].Values, {# <= 0.02}) && result[0].Id == "rate" && result[0].StatusCode == "Complete" && result[0].Timestamps[0].Unix() == 1772366100`,
			`{interval: 15m, metricDataQueries: ` + rate + `}`, `Successful [[0.002 0.0125]] `},
		"what is not": {"rate", `result[0].Values[0] > 0.5`, `{interval: 15m, metricDataQueries: ` + rate + `}`, `Failed [[0.002 0.0125]] `},
		"nothing":     {"none", `result[0].Values[0] > 1`, `{metricDataQueries: ` + search + `}`, `Error [] successCondition: the measured result is empty`},
		"a refusal":   {"denied", `true`, `{metricDataQueries: ` + search + `}`, `Error  received non 2xx response code: 400 {"__type": "com.amazon.coral.service#AccessDenied"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := replay(t, "cloudwatch/"+tc.exchange)
			identity := AWSOfEnvironment(variables(map[string]string{
				"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_CLOUDWATCH": server.URL,
				"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "the-session",
			}))
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {cloudWatch: %s}}`, tc.condition, tc.asked))
			measured := CloudWatch{Network: here(), Identity: identity, Clock: recorded()}.Measure(t.Context(), nil, metric)
			if got := told(measured); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
			want := map[string]string{"messages": "[{Code:MaxMetricsExceeded Value:only some}]"}
			if tc.exchange != "rate" {
				want = nil
			}
			if diff := cmp.Diff(want, measured.Metadata); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCloudWatchIsNotAsked(t *testing.T) {
	t.Parallel()
	whole := map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
	cases := map[string]struct {
		environment map[string]string
		asked, want string
	}{
		"without queries":        {whole, `{metricDataQueries: []}`, `cloudWatch.metricDataQueries is empty`},
		"without a period":       {whole, `{metricDataQueries: [{id: a}, {id: b, metricStat: {metric: {metricName: m}, stat: Sum}}]}`, `cloudWatch.metricDataQueries[1].metricStat needs metric and period`},
		"for a period of a name": {whole, `{metricDataQueries: [{id: a, period: x}]}`, `cloudWatch.metricDataQueries[0].period is no number of seconds`},
		"for a time of no size":  {whole, `{interval: 0s, metricDataQueries: [{id: a}]}`, `cloudWatch.interval must be above 0, such as 5m`},
		"without an identity":    {map[string]string{"AWS_REGION": "eu-west-1"}, `{metricDataQueries: [{id: a}]}`, errNoIdentity.Error()},
		"without a region":       {nil, `{metricDataQueries: [{id: a}]}`, errNoRegion.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, `{name: m, provider: {cloudWatch: `+tc.asked+`}}`)
			cloudWatch := CloudWatch{Identity: AWSOfEnvironment(variables(tc.environment)), Clock: recorded()}
			if got := told(cloudWatch.Measure(t.Context(), nil, metric)); got != "Error  "+tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestRegionsOfCloudWatch(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"eu-west-1": "https://monitoring.eu-west-1.amazonaws.com", "cn-north-1": "https://monitoring.cn-north-1.amazonaws.com.cn",
	} {
		identity := AWSOfEnvironment(variables(map[string]string{"AWS_DEFAULT_REGION": region}))
		if got, err := identity.at("CLOUDWATCH", "monitoring"); err != nil || got != want {
			t.Errorf("%s: %s, %v", region, got, err)
		}
	}
}
