// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// merge puts the templates together, and then what the caller asks for over them.
func merge(request Request, templates []*v1alpha1.AnalysisTemplateSpec) (v1alpha1.AnalysisRunSpec, error) {
	var spec v1alpha1.AnalysisRunSpec
	for _, template := range templates {
		spec.Metrics = append(spec.Metrics, template.Metrics...)
		spec.DryRun = append(spec.DryRun, template.DryRun...)
		spec.MeasurementRetention = append(spec.MeasurementRetention, template.MeasurementRetention...)
		var err error
		if spec.Args, err = join(spec.Args, template.Args); err != nil {
			return spec, err
		}
	}
	spec.DryRun = append(spec.DryRun, request.DryRun...)
	spec.MeasurementRetention = append(spec.MeasurementRetention, request.MeasurementRetention...)
	if err := distinct(spec); err != nil {
		return spec, err
	}
	spec.Args = override(spec.Args, request.Args)
	for _, arg := range spec.Args {
		if arg.Value == nil && arg.ValueFrom == nil {
			return spec, fmt.Errorf("args.%s was not resolved", arg.Name)
		}
	}
	return *spec.DeepCopy(), nil
}

// join adds the arguments of a template to those of others: a value goes before none, and two values must be the same.
func join(args, more []v1alpha1.Argument) ([]v1alpha1.Argument, error) {
	for _, arg := range more {
		at := indexOf(args, arg.Name)
		switch {
		case at < 0:
			args = append(args, arg)
		case args[at].Value == nil:
			args[at] = arg
		case arg.Value != nil && *args[at].Value != *arg.Value:
			//nolint:staticcheck // The peer's words.
			return nil, fmt.Errorf("Argument `%s` specified multiple times with different values: '%s', '%s'",
				arg.Name, *args[at].Value, *arg.Value)
		}
	}
	return args, nil
}

// override sets the arguments that are declared to what the caller gives, and leaves out what is not declared.
func override(declared, given []v1alpha1.Argument) []v1alpha1.Argument {
	args := slices.Clone(declared)
	for _, arg := range given {
		at := indexOf(args, arg.Name)
		if at >= 0 && (arg.Value != nil || arg.ValueFrom != nil) {
			args[at].Value, args[at].ValueFrom = arg.Value, arg.ValueFrom
		}
	}
	return args
}

func indexOf(args []v1alpha1.Argument, name string) int {
	return slices.IndexFunc(args, func(arg v1alpha1.Argument) bool { return arg.Name == name })
}

// distinct requires that no two metrics, and no two rules for metrics, have the same name.
func distinct(spec v1alpha1.AnalysisRunSpec) error {
	names := map[string]bool{}
	for _, metric := range spec.Metrics {
		if names[metric.Name] {
			return fmt.Errorf("two metrics have the same name '%s'", metric.Name)
		}
		names[metric.Name] = true
	}
	clear(names)
	for _, rule := range spec.DryRun {
		if names[rule.MetricName] {
			return fmt.Errorf("two Dry-Run metric rules have the same name '%s'", rule.MetricName)
		}
		names[rule.MetricName] = true
	}
	clear(names)
	for _, rule := range spec.MeasurementRetention {
		if names[rule.MetricName] {
			return fmt.Errorf("two Measurement Retention metric rules have the same name '%s'", rule.MetricName)
		}
		names[rule.MetricName] = true
	}
	return nil
}
