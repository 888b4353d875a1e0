// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"slices"
	"strings"
)

// role is what a destination of a route is to a Rollout.
type role int

const (
	roleNone role = iota
	roleStable
	roleCanary
	// roleSubset is a further subset, which keeps its weight.
	roleSubset
)

// role tells destinations by their subsets where there is a DestinationRule, else by their hosts.
func (r *istioRoutes) role(entry map[string]any) role {
	destination := object(entry, "destination")
	subset := text(destination, "subset")
	host := r.service(entry)
	switch {
	case host == "":
		return roleNone
	case r.rule != nil && subset != "" && subset == r.rule.CanarySubsetName:
		return roleCanary
	case r.rule != nil && subset != "" && subset == r.rule.StableSubsetName:
		return roleStable
	case r.rule != nil && subset != "" && slices.Contains(r.rule.AdditionalSubsetNames, subset):
		return roleSubset
	case r.rule != nil:
		return roleNone
	case host == r.canary:
		return roleCanary
	case host == r.stable:
		return roleStable
	}
	return roleNone
}

// service returns the name of the Service in the Rollout's namespace that a destination is, empty where it is none:
// a short host is one of the namespace of the VirtualService.
func (r *istioRoutes) service(entry map[string]any) string {
	name, rest, qualified := strings.Cut(text(object(entry, "destination"), "host"), ".")
	namespace := r.namespace
	if qualified {
		namespace, _, _ = strings.Cut(rest, ".")
	}
	if namespace != r.rollout.Namespace {
		return ""
	}
	return name
}

// of returns the first destination that has a role, nil where there is none.
func (r *istioRoutes) of(destinations []map[string]any, want role) map[string]any {
	for _, destination := range destinations {
		if r.role(destination) == want {
			return destination
		}
	}
	return nil
}

// check says which destination a route lacks.
func (r *istioRoutes) check(route map[string]any) error {
	destinations, err := list(route, "route")
	if err != nil {
		return err
	}
	stable, canary := "the Service "+r.stable, "the Service "+r.canary
	if r.rule != nil {
		stable, canary = "the subset "+r.rule.StableSubsetName, "the subset "+r.rule.CanarySubsetName
	}
	if r.of(destinations, roleCanary) == nil {
		return fmt.Errorf("the route %q has no destination for %s", text(route, "name"), canary)
	}
	if r.of(destinations, roleStable) == nil {
		return fmt.Errorf("the route %q has no destination for %s", text(route, "name"), stable)
	}
	return nil
}

// weigh sets the weights in a route, adds the Services of an Experiment and removes those of one that has ended. What
// further subsets have is taken from the stable pods. Destinations that nobody told us of keep their weight.
func (r *istioRoutes) weigh(route map[string]any, intent Intent, gone []string) error {
	destinations, err := list(route, "route")
	if err != nil {
		return err
	}
	destinations = slices.DeleteFunc(destinations, func(entry map[string]any) bool {
		return r.role(entry) == roleNone && slices.Contains(gone, r.service(entry))
	})
	stable := int64(intent.Stable.Weight)
	for _, entry := range destinations {
		if r.role(entry) == roleSubset {
			weight, _ := number(entry["weight"])
			stable -= weight
		}
	}
	for _, entry := range destinations {
		switch r.role(entry) {
		case roleStable:
			weigh(entry, max(0, stable))
		case roleCanary:
			weigh(entry, int64(intent.Canary.Weight))
		case roleNone, roleSubset:
		}
	}
	for _, additional := range intent.Additional {
		index := slices.IndexFunc(destinations, func(entry map[string]any) bool {
			return r.role(entry) == roleNone && r.service(entry) == additional.Service
		})
		if index < 0 {
			index = len(destinations)
			destinations = append(destinations, r.destination(additional))
		}
		weigh(destinations[index], int64(additional.Weight))
	}
	route["route"] = slice(destinations)
	return nil
}

// destination returns a destination for the Service of an Experiment. Its host is a whole name where a short one
// would be a Service of another namespace.
func (r *istioRoutes) destination(additional Destination) map[string]any {
	host := additional.Service
	if r.namespace != r.rollout.Namespace {
		host += "." + r.rollout.Namespace + ".svc.cluster.local"
	}
	destination := map[string]any{"host": host}
	if additional.Port != 0 {
		destination["port"] = map[string]any{"number": int64(additional.Port)}
	}
	return map[string]any{"destination": destination}
}
