// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"slices"
)

// gatewayRules are the rules of one route.
type gatewayRules struct {
	*gateway
	kind   string
	target gatewayRoute
	// shared are the rules of the user, own those of the Rollout.
	shared, own []map[string]any
	// split are those of shared that send traffic to both Services.
	split []map[string]any
}

// read sorts the rules of a route. It fails where none sends traffic to both Services.
func (g *gateway) read(ref Ref, route map[string]any) (*gatewayRules, error) {
	rules := &gatewayRules{gateway: g, kind: ref.Kind, target: g.targets[ref]}
	entries, err := list(route, "spec", "rules")
	if err == nil {
		err = rules.sort(entries)
	}
	if err != nil {
		return nil, fmt.Errorf("the %s: %w", ref, err)
	}
	return rules, nil
}

// sort tells the rules of the user from those of the Rollout. An API server from before Gateway API 1.4 drops the
// names of rules, so that a rule without a name is the Rollout's where it says what one of its steps would write.
func (r *gatewayRules) sort(entries []map[string]any) error {
	sources, err := r.splitting(entries)
	if err != nil {
		return err
	}
	candidates, err := r.candidates(sources)
	if err != nil {
		return err
	}
	for _, rule := range entries {
		nameless := text(rule, "name") == "" && slices.ContainsFunc(candidates, func(candidate map[string]any) bool {
			return covers(candidate, rule)
		})
		if nameless || r.named(rule) {
			r.own = append(r.own, rule)
			continue
		}
		r.shared = append(r.shared, rule)
	}
	r.split, err = r.splitting(r.shared)
	return err
}

// splitting returns those of some rules that send traffic to both Services.
func (r *gatewayRules) splitting(entries []map[string]any) ([]map[string]any, error) {
	var split []map[string]any
	for _, rule := range entries {
		backends, err := list(rule, "backendRefs")
		if err != nil {
			return nil, err
		}
		both := r.backend(backends, r.stable) != nil && r.backend(backends, r.canary) != nil
		meant := r.target.RuleName == "" || text(rule, "name") == r.target.RuleName
		if both && meant && !r.named(rule) {
			split = append(split, rule)
		}
	}
	if len(split) > 0 {
		return split, nil
	}
	if r.target.RuleName != "" {
		return nil, fmt.Errorf("no rule has the name %q and both of the Services %s and %s in its backendRefs",
			r.target.RuleName, r.stable, r.canary)
	}
	return nil, fmt.Errorf("no rule has both of the Services %s and %s in its backendRefs", r.stable, r.canary)
}

// backend returns the backendRef of a Service in the Rollout's namespace, nil where there is none.
func (g *gateway) backend(backends []map[string]any, service string) map[string]any {
	for _, backend := range backends {
		namespace := text(backend, "namespace")
		if namespace == "" {
			namespace = g.config.Namespace
		}
		if text(backend, "name") == service && namespace == g.rollout.Namespace {
			return backend
		}
	}
	return nil
}

// route returns all rules as they should be. Mirror rules come first: with the same matches as the rule that they
// copy, the first of the two wins. Header rules come last, where they win by the longer list of headers, so that the
// places of the user's rules do not change.
func (r *gatewayRules) route(intent Intent) ([]map[string]any, error) {
	gone := departed(r.rollout, intent)
	for _, rule := range r.split {
		if err := r.weigh(rule, intent, gone); err != nil {
			return nil, err
		}
	}
	first, last, err := r.managed(intent)
	if err != nil {
		return nil, err
	}
	return slices.Concat(r.keep(first), r.shared, r.keep(last)), nil
}

// keep returns the rules, each as the API server filled it in where it is there already.
func (r *gatewayRules) keep(wanted []map[string]any) []map[string]any {
	kept := make([]map[string]any, 0, len(wanted))
	for _, rule := range wanted {
		index := slices.IndexFunc(r.own, func(live map[string]any) bool { return covers(rule, live) })
		if index < 0 {
			kept = append(kept, rule)
			continue
		}
		live := r.own[index]
		r.own = slices.Delete(slices.Clone(r.own), index, index+1)
		wantedBackends, _ := list(rule, "backendRefs")
		liveBackends, _ := list(live, "backendRefs")
		for i, backend := range wantedBackends {
			if weight, is := number(backend["weight"]); is {
				weigh(liveBackends[i], weight)
			}
		}
		kept = append(kept, live)
	}
	return kept
}

// weigh sets the weights in a rule, adds the Services of an Experiment and removes those of one that has ended.
func (r *gatewayRules) weigh(rule map[string]any, intent Intent, gone []string) error {
	backends, err := list(rule, "backendRefs")
	if err != nil {
		return err
	}
	backends = slices.DeleteFunc(backends, func(backend map[string]any) bool {
		return slices.ContainsFunc(gone, func(name string) bool {
			return r.backend([]map[string]any{backend}, name) != nil
		})
	})
	canary := r.backend(backends, r.canary)
	weigh(r.backend(backends, r.stable), int64(intent.Stable.Weight))
	weigh(canary, int64(intent.Canary.Weight))
	for _, destination := range intent.Additional {
		backend := r.backend(backends, destination.Service)
		if backend == nil {
			backend = clone(canary)
			backend["name"] = destination.Service
			if destination.Port != 0 {
				backend["port"] = int64(destination.Port)
			}
			backends = append(backends, backend)
		}
		weigh(backend, int64(destination.Weight))
	}
	rule["backendRefs"] = slice(backends)
	return nil
}
