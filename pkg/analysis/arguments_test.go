// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// secretOf reads the only key that there is.
func secretOf(value string) ReadSecret {
	return func(v1alpha1.SecretKeyRef) (string, error) { return value, nil }
}

func TestArgumentsAreFilledIn(t *testing.T) {
	t.Parallel()
	args := parse[[]v1alpha1.Argument](t, `
- {name: service, value: guest"book\}
- {name: limit, value: "3"}
- {name: tag, value: "{{args.token}}"}
- {name: token, valueFrom: {secretKeyRef: {name: s, key: k}}}
`)
	cases := map[string]struct{ metric, want string }{
		"into a text, which stays one": {
			`{name: m, provider: {prometheus: {query: 'up{service="{{args.service}}"}'}}}`,
			`{name: m, provider: {prometheus: {query: 'up{service="guest"book\"}'}}}`,
		},
		"into a number, with blanks around the name": {
			`{name: m, failureLimit: "{{ args.limit }}", provider: {web: {url: u}}}`,
			`{name: m, failureLimit: "3", provider: {web: {url: u}}}`,
		},
		"into opaque JSON": {
			`{name: m, provider: {web: {url: u, jsonBody: {token: "{{args.token}}", nested: {a: {}}}}}}`,
			`{name: m, provider: {web: {url: u, jsonBody: {token: s3cret, nested: {a: {}}}}}}`,
		},
		"once: what a value says is no argument": {
			`{name: m, provider: {web: {url: "{{args.tag}}"}}}`,
			`{name: m, provider: {web: {url: "{{args.token}}"}}}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, err := ReadArgs(args, secretOf("s3cret"))
			if err != nil {
				t.Fatal(err)
			}
			metrics, err := values.Resolve([]v1alpha1.Metric{parse[v1alpha1.Metric](t, tc.metric)})
			if err != nil {
				t.Fatal(err)
			}
			got, want := encode(t, metrics[0]), encode(t, parse[v1alpha1.Metric](t, tc.want))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("metric (-want +got):\n%s", diff)
			}
		})
	}
}

// encode returns a metric as a value that can be compared.
func encode(t *testing.T, metric v1alpha1.Metric) any {
	t.Helper()
	text, err := json.Marshal(metric)
	if err != nil {
		t.Fatal(err)
	}
	return parse[any](t, string(text))
}

func TestArgumentsThatCannotBeFilledIn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ args, url, want string }{
		"is not declared":     {`[]`, `{{args.x}}`, `failed to resolve {{args.x}}`},
		"is no argument":      {`[]`, `{{x}}`, `failed to resolve {{x}}`},
		"has two sources":     {`[{name: x, value: a, valueFrom: {}}]`, `u`, `arg x has both Value and ValueFrom fields`},
		"has no source":       {`[{name: x}]`, `u`, `args.x was not resolved`},
		"is of a Rollout":     {`[{name: x, valueFrom: {fieldRef: {fieldPath: a}}}]`, `u`, `args.x was not resolved`},
		"has no end":          {`[]`, `{{args.x`, `failed to resolve {{args.x"}}`},
		"grows out of hand":   {`[{name: x, value: "` + strings.Repeat("v", 1<<19) + `"}]`, `{{args.x}}{{args.x}}`, `is larger than`},
		"grows by repetition": {`[{name: x, value: "` + strings.Repeat("v", 1<<14) + `"}]`, strings.Repeat(`{{args.x}}`, 100), `is larger than`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, err := ReadArgs(parse[[]v1alpha1.Argument](t, tc.args), WithoutSecrets)
			if err == nil {
				metric := v1alpha1.Metric{Provider: &v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: tc.url}}}
				_, err = values.Resolve([]v1alpha1.Metric{metric})
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

func TestSecretsAreRedactedInEveryShape(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ secret, text, want string }{
		"as it is":              {"s3cret", "Bearer s3cret", "Bearer *****"},
		"in an address":         {"s/3 c&t", "http://x?t=s%2F3+c%26t and /s%2F3%20c&t", "http://x?t=***** and /*****"},
		"in JSON":               {"a\"b", `{"t":"a\"b"}`, `{"t":"*****"}`},
		"in base 64":            {"s3cret", "czNjcmV0", "*****"},
		"without its last line": {"s3cret\n", "Bearer s3cret.", "Bearer *****."},
		"beside itself":         {"aXa", "aXaXa", "*****"},
		"where there is none":   {"", "all is told", "all is told"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, err := ReadArgs(parse[[]v1alpha1.Argument](t, `[{name: s, valueFrom: {secretKeyRef: {name: s, key: k}}}]`),
				secretOf(tc.secret))
			if err != nil {
				t.Fatal(err)
			}
			if got := values.Redact(tc.text); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzArguments(f *testing.F) {
	f.Add("{{args.x}}", "a\"b")
	f.Add("up{a=\"{{ args.x }}\"}", "\x00\u2028")
	f.Add("{{args.x", "}}")
	f.Add("00000", "000*")
	f.Fuzz(func(t *testing.T, query, value string) {
		args := []v1alpha1.Argument{{Name: "x", ValueFrom: &v1alpha1.ValueFrom{SecretKeyRef: &v1alpha1.SecretKeyRef{}}}}
		values, err := ReadArgs(args, secretOf(value))
		if err != nil {
			t.Fatal(err)
		}
		metric := v1alpha1.Metric{Name: "m", Provider: &v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: query}}}
		resolved, err := values.Resolve([]v1alpha1.Metric{metric})
		if err != nil {
			return
		}
		// A value never leaves the string that it is in.
		resolved[0].Provider.Web.URL = query
		if diff := cmp.Diff(metric, resolved[0]); diff != "" {
			t.Errorf("a value changed more than its own text (-want +got):\n%s", diff)
		}
		// What stands beside the asterisks may read as a value that holds some.
		if len(value) > 3 && !strings.Contains(value, "*") && strings.Contains(values.Redact(query+value), value) {
			t.Errorf("%q is told", value)
		}
	})
}
