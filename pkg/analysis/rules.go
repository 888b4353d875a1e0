// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"regexp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// defaultRetention is how many measurements of a metric are kept.
const defaultRetention = 10

// Rules say of each metric, by its name, what the run's expressions over names say.
type Rules struct {
	dryRun map[string]bool
	kept   map[string]int
}

// ReadRules applies the expressions of a run to its metrics; one that fits no metric is an error.
func ReadRules(spec v1alpha1.AnalysisRunSpec, metrics []v1alpha1.Metric) (Rules, error) {
	rules := Rules{dryRun: map[string]bool{}, kept: map[string]int{}}
	for i, rule := range spec.DryRun {
		names, err := matching(fmt.Sprintf("dryRun[%d]", i), rule.MetricName, metrics)
		if err != nil {
			return Rules{}, err
		}
		for _, name := range names {
			rules.dryRun[name] = true
		}
	}
	for i, rule := range spec.MeasurementRetention {
		names, err := matching(fmt.Sprintf("measurementRetention[%d]", i), rule.MetricName, metrics)
		if err != nil {
			return Rules{}, err
		}
		for _, name := range names {
			if rule.Limit != nil {
				rules.kept[name] = int(*rule.Limit)
			}
		}
	}
	return rules, nil
}

func matching(field, expression string, metrics []v1alpha1.Metric) ([]string, error) {
	pattern, err := regexp.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("%s: metricName is not a regular expression: %w", field, err)
	}
	var names []string
	for _, metric := range metrics {
		if pattern.MatchString(metric.Name) {
			names = append(names, metric.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: Rule didn't match any metric name(s)", field)
	}
	return names, nil
}

// DryRun reports whether a metric decides nothing.
func (r Rules) DryRun(name string) bool { return r.dryRun[name] }

// Kept is how many measurements of a metric are kept: at least the last, by which the metric goes on.
func (r Rules) Kept(name string) int {
	if kept := r.kept[name]; kept > 0 {
		return kept
	}
	return defaultRetention
}
