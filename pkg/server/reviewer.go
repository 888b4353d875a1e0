// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/health"
)

// reviewer answers HealthReviews.
type reviewer struct{ rules *health.Book }

// Rating returns what rates by a rule, or by the rules in force where it is nil.
func (r reviewer) Rating(
	rule *capstanv1alpha1.HealthReviewRule,
) (func(*unstructured.Unstructured) capstanv1alpha1.HealthReviewStatus, error) {
	if rule == nil {
		return func(object *unstructured.Unstructured) capstanv1alpha1.HealthReviewStatus {
			return reviewed(r.rules.Rate(object))
		}, nil
	}
	rate, err := r.rules.RuleOf(rule.Lua, rule.CEL)
	if err != nil {
		return nil, err
	}
	name := "spec.rule.lua"
	if rule.Lua == "" {
		name = "spec.rule.cel"
	}
	return func(object *unstructured.Unstructured) capstanv1alpha1.HealthReviewStatus {
		rated, err := rate(object)
		return reviewed(rated, name, err)
	}, nil
}

// reviewed rates as a watch does: a rule that fails leaves the health Unknown.
func reviewed(rated *health.Health, rule string, err error) capstanv1alpha1.HealthReviewStatus {
	status := capstanv1alpha1.HealthReviewStatus{Rule: rule}
	if err != nil {
		rated = &health.Health{Status: health.Unknown, Message: "health rule failed: " + err.Error()}
	}
	if rated != nil {
		status.Health = &argov1alpha1.HealthStatus{
			Status: argov1alpha1.HealthStatusCode(rated.Status), Message: rated.Message,
		}
	}
	return status
}
