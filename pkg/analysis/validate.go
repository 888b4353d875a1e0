// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"errors"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Validate says what is wrong with the metrics of a run, whose arguments are filled in.
func Validate(metrics []v1alpha1.Metric) error {
	if len(metrics) == 0 {
		return errors.New("no metrics specified")
	}
	names := map[string]bool{}
	for i, metric := range metrics {
		if names[metric.Name] {
			return fmt.Errorf("metrics[%d]: duplicate name '%s'", i, metric.Name)
		}
		names[metric.Name] = true
		if err := validate(metric); err != nil {
			return fmt.Errorf("metrics[%d]: %w", i, err)
		}
	}
	return nil
}

func validate(metric v1alpha1.Metric) error {
	for _, check := range []func(v1alpha1.Metric) error{
		validateNumbers, validateLimits, validateTimes, validateProvider,
	} {
		if err := check(metric); err != nil {
			return err
		}
	}
	return nil
}

// validateNumbers requires numbers: an argument may have put anything into their place.
func validateNumbers(metric v1alpha1.Metric) error {
	for _, field := range []struct {
		name  string
		value *intstr.IntOrString
	}{
		{"count", metric.Count},
		{"failureLimit", metric.FailureLimit},
		{"inconclusiveLimit", metric.InconclusiveLimit},
		{"consecutiveErrorLimit", metric.ConsecutiveErrorLimit},
		{"consecutiveSuccessLimit", metric.ConsecutiveSuccessLimit},
	} {
		if field.value == nil || field.value.Type == intstr.Int {
			continue
		}
		if _, err := strconv.ParseInt(field.value.StrVal, 10, 32); err != nil {
			return fmt.Errorf("%s must be a number, not %q", field.name, shorten(field.value.StrVal, 100))
		}
	}
	return nil
}

func validateLimits(metric v1alpha1.Metric) error {
	limits := limitsOf(metric)
	switch {
	case limits.failure < -1:
		return errors.New("failureLimit must be >= -1")
	case limits.inconclusive < 0:
		return errors.New("inconclusiveLimit must be >= 0")
	case limits.consecutiveError < 0:
		return errors.New("consecutiveErrorLimit must be >= 0")
	case limits.consecutiveSuccess < 0:
		return errors.New("consecutiveSuccessLimit must be >= 0")
	}
	count := int64(number(metric.Count, 0))
	switch {
	case count <= 0:
		return nil
	case count < int64(limits.failure):
		return errors.New("count must be >= failureLimit")
	case count < int64(limits.inconclusive):
		return errors.New("count must be >= inconclusiveLimit")
	case limits.consecutiveSuccess > 0 && count < int64(max(limits.failure, 0))+int64(limits.consecutiveSuccess):
		return errors.New("count must be >= failureLimit + consecutiveSuccessLimit")
	case count > 1 && metric.Interval == "":
		return errors.New("interval must be specified when count > 1")
	default:
		return nil
	}
}

func validateTimes(metric v1alpha1.Metric) error {
	if metric.Interval != "" {
		if _, err := metric.Interval.Duration(); err != nil {
			return fmt.Errorf("invalid interval string: %w", err)
		}
	}
	if metric.InitialDelay != "" {
		if _, err := metric.InitialDelay.Duration(); err != nil {
			return fmt.Errorf("invalid startDelay string: %w", err)
		}
	}
	return nil
}

func validateProvider(metric v1alpha1.Metric) error {
	switch providers := Providers(metric); len(providers) {
	case 0:
		return errors.New("no provider specified")
	case 1:
		return nil
	default:
		return errors.New("multiple providers specified")
	}
}

// Providers returns the fields of a metric's provider that are set, as they are named in a manifest.
func Providers(metric v1alpha1.Metric) []string {
	provider := metric.Provider
	if provider == nil {
		return nil
	}
	var set []string
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"prometheus", provider.Prometheus != nil}, {"kayenta", provider.Kayenta != nil},
		{"web", provider.Web != nil}, {"datadog", provider.Datadog != nil},
		{"wavefront", provider.Wavefront != nil}, {"newRelic", provider.NewRelic != nil},
		{"job", provider.Job != nil}, {"cloudWatch", provider.CloudWatch != nil},
		{"graphite", provider.Graphite != nil}, {"influxdb", provider.Influxdb != nil},
		{"skywalking", provider.SkyWalking != nil}, {"plugin", len(provider.Plugin) > 0},
	} {
		if field.set {
			set = append(set, field.name)
		}
	}
	return set
}
