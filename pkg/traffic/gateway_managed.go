// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// named reports whether a rule has the name of one of the Rollout's own. The second and further rules of a header
// route have a number after the name, since names are unique in a route; they go to the canary alone.
func (g *gateway) named(rule map[string]any) bool {
	return slices.ContainsFunc(managedNames(g.rollout), func(name string) bool {
		rest, found := strings.CutPrefix(text(rule, "name"), name)
		if !found || rest == "" {
			return found
		}
		_, err := strconv.ParseUint(strings.TrimPrefix(rest, "-"), 10, 16)
		backends, _ := list(rule, "backendRefs")
		return err == nil && rest[0] == '-' && len(backends) == 1 && g.backend(backends, g.canary) != nil
	})
}

// managed returns the Rollout's own rules: those that mirror requests, and those for certain headers. Only HTTPRoutes
// and GRPCRoutes match headers, and only HTTPRoutes are known to mirror.
func (r *gatewayRules) managed(intent Intent) (mirrors, headers []map[string]any, err error) {
	if !r.target.UseHeaderRoutes || !r.matching() {
		return nil, nil, nil
	}
	for _, name := range managedNames(r.rollout) {
		if route := intent.mirrored(name); route != nil && r.http() {
			rule, err := r.mirrorRule(route, r.split[0])
			if err != nil {
				return nil, nil, err
			}
			mirrors = append(mirrors, rule)
		}
		if route := intent.headed(name); route != nil {
			rules, err := r.headerRules(route, r.split)
			if err != nil {
				return nil, nil, err
			}
			headers = append(headers, rules...)
		}
	}
	return mirrors, headers, nil
}

func (r *gatewayRules) http() bool { return r.kind == "HTTPRoute" }

func (r *gatewayRules) matching() bool { return r.http() || r.kind == "GRPCRoute" }

// candidates returns all the rules that the steps of the Rollout can have made of some rules.
func (r *gatewayRules) candidates(sources []map[string]any) ([]map[string]any, error) {
	var candidates []map[string]any
	if !r.matching() {
		return nil, nil
	}
	for _, step := range r.rollout.Spec.Canary().Steps {
		if route := step.SetHeaderRoute; route != nil && len(route.Match) > 0 {
			rules, err := r.headerRules(route, sources)
			if err != nil {
				return nil, err
			}
			candidates = append(candidates, rules...)
		}
		if route := step.SetMirrorRoute; route != nil && len(route.Match) > 0 && r.http() {
			for _, source := range sources {
				rule, err := r.mirrorRule(route, source)
				if err != nil {
					return nil, err
				}
				candidates = append(candidates, rule)
			}
		}
	}
	return candidates, nil
}

// headerRules returns a copy of every rule that splits traffic, for the requests with certain headers, to the canary
// alone. Unlike the plugin's, it keeps all else that the rule says, such as its timeouts and methods.
func (r *gatewayRules) headerRules(
	route *v1alpha1.SetHeaderRoute, sources []map[string]any,
) ([]map[string]any, error) {
	headers, err := gatewayHeaders(route.Match)
	if err != nil {
		return nil, fmt.Errorf("the header route %q: %w", route.Name, err)
	}
	var rules []map[string]any
	for index, source := range sources {
		rule, err := r.headerRule(source, headers)
		if err != nil {
			return nil, err
		}
		rule["name"] = route.Name
		if index > 0 {
			rule["name"] = route.Name + "-" + strconv.Itoa(index)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

func (r *gatewayRules) headerRule(source map[string]any, headers []map[string]any) (map[string]any, error) {
	rule := clone(source)
	matches, err := list(rule, "matches")
	if err != nil {
		return nil, err
	}
	if len(matches) == 0 {
		matches = []map[string]any{r.everything()}
	}
	for _, match := range matches {
		if err = require(match, headers); err != nil {
			return nil, err
		}
	}
	rule["matches"] = slice(matches)
	backends, err := list(rule, "backendRefs")
	if err != nil {
		return nil, err
	}
	canary := r.backend(backends, r.canary)
	canary["weight"] = int64(1)
	rule["backendRefs"] = slice([]map[string]any{canary})
	return rule, nil
}

// everything returns the match of a rule that has none.
func (r *gatewayRules) everything() map[string]any {
	if !r.http() {
		return map[string]any{}
	}
	return map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}
}

// require adds headers to a match, in place of those of the same name.
func require(match map[string]any, headers []map[string]any) error {
	present, err := list(match, "headers")
	if err != nil {
		return err
	}
	present = slices.DeleteFunc(present, func(header map[string]any) bool {
		return slices.ContainsFunc(headers, func(other map[string]any) bool {
			return strings.EqualFold(text(header, "name"), text(other, "name"))
		})
	})
	for _, header := range headers {
		present = append(present, clone(header))
	}
	match["headers"] = slice(present)
	return nil
}

// mirrorRule returns a copy of a rule that splits traffic which mirrors certain requests to the canary.
func (r *gatewayRules) mirrorRule(route *v1alpha1.SetMirrorRoute, source map[string]any) (map[string]any, error) {
	rule := clone(source)
	rule["name"] = route.Name
	var matches []map[string]any
	for _, match := range route.Match {
		wanted, err := gatewayMatch(match)
		if err != nil {
			return nil, fmt.Errorf("the mirror route %q: %w", route.Name, err)
		}
		matches = append(matches, wanted)
	}
	rule["matches"] = slice(matches)
	backends, err := list(rule, "backendRefs")
	if err != nil {
		return nil, err
	}
	filters, err := list(rule, "filters")
	if err != nil {
		return nil, err
	}
	rule["filters"] = slice(append(filters, gatewayMirror(r.backend(backends, r.canary), route.Percentage)))
	return rule, nil
}

func gatewayMirror(canary map[string]any, percentage *int32) map[string]any {
	backend := clone(canary)
	delete(backend, "weight")
	delete(backend, "filters")
	mirror := map[string]any{"backendRef": backend}
	if percentage != nil && *percentage != 100 {
		mirror["percent"] = int64(*percentage)
	}
	return map[string]any{"type": "RequestMirror", "requestMirror": mirror}
}

func gatewayMatch(match v1alpha1.RouteMatch) (map[string]any, error) {
	wanted := map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}
	if path := match.Path; path != nil {
		switch {
		case path.Exact != "":
			wanted["path"] = map[string]any{"type": "Exact", "value": path.Exact}
		case path.Prefix != "":
			wanted["path"] = map[string]any{"type": "PathPrefix", "value": path.Prefix}
		case path.Regex != "":
			wanted["path"] = map[string]any{"type": "RegularExpression", "value": path.Regex}
		}
	}
	if method := match.Method; method != nil {
		if method.Exact == "" {
			return nil, errors.New("the Gateway API matches a method as a whole: set method.exact")
		}
		wanted["method"] = method.Exact
	}
	var headers []map[string]any
	for _, name := range slices.Sorted(maps.Keys(match.Headers)) {
		value := match.Headers[name]
		header, err := gatewayHeader(name, &value)
		if err != nil {
			return nil, err
		}
		headers = append(headers, header)
	}
	if len(headers) > 0 {
		wanted["headers"] = slice(headers)
	}
	return wanted, nil
}

func gatewayHeaders(matches []v1alpha1.HeaderRoutingMatch) ([]map[string]any, error) {
	var headers []map[string]any
	for _, match := range matches {
		header, err := gatewayHeader(match.HeaderName, match.HeaderValue)
		if err != nil {
			return nil, err
		}
		headers = append(headers, header)
	}
	return headers, nil
}

func gatewayHeader(name string, value *v1alpha1.StringMatch) (map[string]any, error) {
	kind, pattern := "RegularExpression", ""
	switch {
	case value == nil:
	case value.Exact != "":
		kind, pattern = "Exact", value.Exact
	case value.Prefix != "":
		pattern = regexp.QuoteMeta(value.Prefix) + ".*"
	default:
		pattern = value.Regex
	}
	if pattern == "" {
		return nil, fmt.Errorf("the header %q has nothing to match: set exact, prefix or regex", name)
	}
	return map[string]any{"name": name, "type": kind, "value": pattern}, nil
}
