// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// parse reads a value as a user writes it.
func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// shelf holds templates by name.
type shelf struct {
	Own     map[string]v1alpha1.AnalysisTemplateSpec `json:"own"`
	Cluster map[string]v1alpha1.AnalysisTemplateSpec `json:"cluster"`
}

func (s shelf) AnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error) {
	return take(s.Own, name)
}

func (s shelf) ClusterAnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error) {
	return take(s.Cluster, name)
}

func take(from map[string]v1alpha1.AnalysisTemplateSpec, name string) (*v1alpha1.AnalysisTemplateSpec, error) {
	spec, found := from[name]
	if !found {
		return nil, nil
	}
	return &spec, nil
}

const errorsTemplate = `
own:
  errors:
    args: [{name: service}, {name: limit, value: "5"}, {name: token, valueFrom: {secretKeyRef: {name: s, key: k}}}]
    metrics: [{name: errors, provider: {prometheus: {query: up}}}]
    dryRun: [{metricName: errors}]
    measurementRetention: [{metricName: errors, limit: 20}]
  latency: {args: [{name: limit, value: "5"}], metrics: [{name: latency, provider: {web: {url: u}}}]}
  both: {templates: [{templateName: errors}, {templateName: all, clusterScope: true}]}
  loop: {templates: [{templateName: round}]}
  round: {templates: [{templateName: loop}]}
  other limit: {args: [{name: limit, value: "6"}]}
  twin: {metrics: [{name: errors, provider: {web: {url: u}}}]}
  dry twin: {dryRun: [{metricName: errors}]}
  kept twin: {measurementRetention: [{metricName: errors, limit: 3}]}
cluster:
  all: {templates: [{templateName: errors}, {templateName: latency}]}
`

func TestComposePutsTemplatesTogether(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ request, want string }{
		"the caller's argument goes before the template's": {
			`{templates: [{templateName: latency}], args: [{name: limit, value: "9"}]}`,
			`{metrics: [{name: latency, provider: {web: {url: u}}}], args: [{name: limit, value: "9"}]}`,
		},
		"an argument that no template declares is left out": {
			`{templates: [{templateName: latency}], args: [{name: unknown, value: "9"}]}`,
			`{metrics: [{name: latency, provider: {web: {url: u}}}], args: [{name: limit, value: "5"}]}`,
		},
		"a template that two others refer to is there once": {
			`{templates: [{templateName: both}], args: [{name: service, value: web}, {name: token, value: t}],
			  dryRun: [{metricName: latency}], measurementRetention: [{metricName: latency, limit: 1}]}`,
			`{metrics: [{name: errors, provider: {prometheus: {query: up}}}, {name: latency, provider: {web: {url: u}}}],
			  args: [{name: service, value: web}, {name: limit, value: "5"}, {name: token, value: t}],
			  dryRun: [{metricName: errors}, {metricName: latency}],
			  measurementRetention: [{metricName: errors, limit: 20}, {metricName: latency, limit: 1}]}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, err := Compose(parse[Request](t, tc.request), parse[shelf](t, errorsTemplate))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parse[v1alpha1.AnalysisRunSpec](t, tc.want), spec); diff != "" {
				t.Errorf("specification (-want +got):\n%s", diff)
			}
		})
	}
}

func TestComposeRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ request, want string }{
		"a template that is not there": {
			`{templates: [{templateName: nothing}]}`, `read AnalysisTemplate "nothing": it is not there`,
		},
		"a template that comes back to itself": {
			`{templates: [{templateName: loop}]}`,
			`AnalysisTemplate "loop" refers to itself: take it out of spec.templates of AnalysisTemplate "round"`,
		},
		"two values of one argument": {
			`{templates: [{templateName: latency}, {templateName: other limit}]}`,
			"Argument `limit` specified multiple times with different values: '5', '6'",
		},
		"two metrics of one name": {
			`{templates: [{templateName: errors}, {templateName: twin}]}`, `two metrics have the same name 'errors'`,
		},
		"two rules of one name": {
			`{templates: [{templateName: errors}, {templateName: dry twin}]}`,
			`two Dry-Run metric rules have the same name 'errors'`,
		},
		"two rules of retention of one name": {
			`{templates: [{templateName: errors}, {templateName: kept twin}]}`,
			`two Measurement Retention metric rules have the same name 'errors'`,
		},
		"an argument without a value": {
			`{templates: [{templateName: errors}]}`, `args.service was not resolved`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Compose(parse[Request](t, tc.request), parse[shelf](t, errorsTemplate))
			if err == nil || err.Error() != tc.want {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

func TestComposeIsBounded(t *testing.T) {
	t.Parallel()
	deep := shelf{Own: map[string]v1alpha1.AnalysisTemplateSpec{}}
	for i := range 2 * mostTemplates {
		deep.Own[fmt.Sprint(i)] = v1alpha1.AnalysisTemplateSpec{
			Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: fmt.Sprint(i + 1)}},
		}
	}
	_, err := Compose(Request{Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: "0"}}}, deep)
	if err == nil || !strings.HasPrefix(err.Error(), "more than 100 templates") {
		t.Errorf("error %v, want that there are too many templates", err)
	}
}
