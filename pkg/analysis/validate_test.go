// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ metrics, want string }{
		"no metric":         {`[]`, `no metrics specified`},
		"two of a name":     {`[{name: m, provider: {web: {}}}, {name: m, provider: {web: {}}}]`, `metrics[1]: duplicate name 'm'`},
		"no provider":       {`[{name: m, provider: {}}]`, `metrics[0]: no provider specified`},
		"no provider field": {`[{name: m}]`, `metrics[0]: no provider specified`},
		"two providers":     {`[{name: m, provider: {web: {}, job: {}}}]`, `metrics[0]: multiple providers specified`},
		"count below failureLimit": {
			`[{name: m, count: 1, failureLimit: 2, provider: {web: {}}}]`, `metrics[0]: count must be >= failureLimit`,
		},
		"count below inconclusiveLimit": {
			`[{name: m, count: 1, inconclusiveLimit: 2, provider: {web: {}}}]`, `metrics[0]: count must be >= inconclusiveLimit`,
		},
		"count below both limits together": {
			`[{name: m, interval: 1s, count: 3, failureLimit: 2, consecutiveSuccessLimit: 2, provider: {web: {}}}]`,
			`metrics[0]: count must be >= failureLimit + consecutiveSuccessLimit`,
		},
		"count without interval": {
			`[{name: m, count: 2, provider: {web: {}}}]`, `metrics[0]: interval must be specified when count > 1`,
		},
		"an interval that is none": {
			`[{name: m, interval: 5x, provider: {web: {}}}]`,
			`metrics[0]: invalid interval string: time: unknown unit "x" in duration "5x"`,
		},
		"a delay that is none": {
			`[{name: m, initialDelay: 5x, provider: {web: {}}}]`,
			`metrics[0]: invalid startDelay string: time: unknown unit "x" in duration "5x"`,
		},
		"a failureLimit below -1":      {`[{name: m, failureLimit: -2, provider: {web: {}}}]`, `metrics[0]: failureLimit must be >= -1`},
		"a negative inconclusiveLimit": {`[{name: m, inconclusiveLimit: -1, provider: {web: {}}}]`, `metrics[0]: inconclusiveLimit must be >= 0`},
		"a negative consecutiveErrorLimit": {
			`[{name: m, consecutiveErrorLimit: -1, provider: {web: {}}}]`, `metrics[0]: consecutiveErrorLimit must be >= 0`,
		},
		"a negative consecutiveSuccessLimit": {
			`[{name: m, consecutiveSuccessLimit: -1, provider: {web: {}}}]`, `metrics[0]: consecutiveSuccessLimit must be >= 0`,
		},
		"a count that is no number": {
			`[{name: m, count: many, provider: {web: {}}}]`, `metrics[0]: count must be a number, not "many"`,
		},
		"all is well": {`[{name: m, interval: 1m, count: "3", failureLimit: -1, provider: {web: {}}}]`, ``},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := ""
			if err := Validate(parse[[]v1alpha1.Metric](t, tc.metrics)); err != nil {
				message = err.Error()
			}
			if message != tc.want {
				t.Errorf("%q, want %q", message, tc.want)
			}
		})
	}
}

func TestRulesMustFit(t *testing.T) {
	t.Parallel()
	metrics := parse[[]v1alpha1.Metric](t, `[{name: errors}]`)
	cases := map[string]struct{ spec, want string }{
		"a dry run of nothing":    {`{dryRun: [{metricName: latency}]}`, `dryRun[0]: Rule didn't match any metric name(s)`},
		"a retention of nothing":  {`{measurementRetention: [{metricName: latency, limit: 1}]}`, `measurementRetention[0]: Rule didn't match any metric name(s)`},
		"a pattern that is wrong": {`{dryRun: [{metricName: "("}]}`, "dryRun[0]: metricName is not a regular expression: error parsing regexp: missing closing ): `(`"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadRules(parse[v1alpha1.AnalysisRunSpec](t, tc.spec), metrics)
			if err == nil || err.Error() != tc.want {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}
