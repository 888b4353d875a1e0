// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What the plugin marks a route with while it is other than between two updates, so that tools that compare routes
// with Git can let them be.
const (
	gatewayInProgressLabel  = "rollouts.argoproj.io/gatewayapi-canary"
	gatewayInProgressValue  = "in-progress"
	gatewayActiveAnnotation = "rollouts.argoproj.io/gatewayapi-active-rollouts"
)

// mark labels a route while an update is in progress. Several Rollouts may share it: an annotation lists those that
// are in progress, and the label goes with the last of them.
func (g *gateway) mark(route *unstructured.Unstructured, intent Intent) {
	if g.config.DisableInProgressLabel {
		return
	}
	annotation := cmp.Or(g.config.ActiveRolloutsAnnotationKey, gatewayActiveAnnotation)
	label := cmp.Or(g.config.InProgressLabelKey, gatewayInProgressLabel)
	self := g.rollout.Namespace + "/" + g.rollout.Name
	active := strings.FieldsFunc(route.GetAnnotations()[annotation], func(r rune) bool { return r == ',' || r == ' ' })
	active = slices.DeleteFunc(active, func(name string) bool { return name == self })
	if intent.inProgress() {
		active = append(active, self)
	}
	slices.Sort(active)
	value := ""
	if len(active) > 0 {
		value = cmp.Or(g.config.InProgressLabelValue, gatewayInProgressValue)
	}
	put(route.GetAnnotations(), annotation, strings.Join(active, ","), route.SetAnnotations)
	put(route.GetLabels(), label, value, route.SetLabels)
}

// put sets a value among labels or annotations, or removes it where it is empty.
func put(values map[string]string, key, value string, set func(map[string]string)) {
	if values[key] == value {
		return
	}
	if values == nil {
		values = map[string]string{}
	}
	values[key] = value
	if value == "" {
		delete(values, key)
	}
	if len(values) == 0 {
		values = nil
	}
	set(values)
}
