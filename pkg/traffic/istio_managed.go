// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"maps"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// route sets the weights in the routes of a VirtualService, and puts the Rollout's own HTTP routes before those of the
// user, in the order of managedRoutes: in Istio the first route that matches wins.
func (r *istioRoutes) route(intent Intent, service map[string]any) error {
	gone := departed(r.rollout, intent)
	for _, route := range slices.Concat(r.http, r.raw) {
		if err := r.weigh(route, intent, gone); err != nil {
			return err
		}
	}
	var own []map[string]any
	for _, name := range managedNames(r.rollout) {
		header, mirror := intent.headed(name), intent.mirrored(name)
		if (header != nil || mirror != nil) && len(r.http) == 0 {
			return errors.New("a header or mirror route needs http routes, and there are none")
		}
		if header != nil {
			own = append(own, r.headerRoute(header))
		}
		if mirror != nil {
			own = append(own, r.mirrorRoute(mirror))
		}
	}
	if len(r.http) > 0 {
		object(service, "spec")["http"] = slice(append(own, r.shared...))
	}
	return nil
}

// target returns the destination of the canary in the first route that is driven.
func (r *istioRoutes) target() map[string]any {
	destinations, _ := list(r.http[0], "route")
	return clone(object(r.of(destinations, roleCanary), "destination"))
}

// headerRoute returns a route to the canary for requests that have one of some headers.
func (r *istioRoutes) headerRoute(route *v1alpha1.SetHeaderRoute) map[string]any {
	var matches []map[string]any
	for _, match := range route.Match {
		matches = append(matches, map[string]any{
			"headers": map[string]any{match.HeaderName: istioMatch(match.HeaderValue)},
		})
	}
	return map[string]any{
		"name":  route.Name,
		"match": slice(matches),
		"route": []any{map[string]any{"destination": r.target(), "weight": int64(100)}},
	}
}

// mirrorRoute returns a copy of the first route that is driven which mirrors certain requests to the canary.
func (r *istioRoutes) mirrorRoute(route *v1alpha1.SetMirrorRoute) map[string]any {
	var matches []map[string]any
	for _, match := range route.Match {
		wanted := map[string]any{}
		if match.Method != nil {
			wanted["method"] = istioMatch(match.Method)
		}
		if match.Path != nil {
			wanted["uri"] = istioMatch(match.Path)
		}
		if len(match.Headers) > 0 {
			headers := map[string]any{}
			for _, name := range slices.Sorted(maps.Keys(match.Headers)) {
				value := match.Headers[name]
				headers[name] = istioMatch(&value)
			}
			wanted["headers"] = headers
		}
		matches = append(matches, wanted)
	}
	percentage := int64(100)
	if route.Percentage != nil {
		percentage = int64(*route.Percentage)
	}
	return map[string]any{
		"name":             route.Name,
		"match":            slice(matches),
		"route":            clone(r.http[0])["route"],
		"mirror":           r.target(),
		"mirrorPercentage": map[string]any{"value": percentage},
	}
}

// istioMatch returns what a text must match; nothing at all is any text.
func istioMatch(match *v1alpha1.StringMatch) map[string]any {
	switch {
	case match == nil:
		return map[string]any{}
	case match.Exact != "":
		return map[string]any{"exact": match.Exact}
	case match.Prefix != "":
		return map[string]any{"prefix": match.Prefix}
	case match.Regex != "":
		return map[string]any{"regex": match.Regex}
	default:
		return map[string]any{}
	}
}
