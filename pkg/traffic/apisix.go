// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
)

// apisix drives an ApisixRoute, and keeps one of its own for each header route
// (as Argo Rollouts 1.9: rollout/trafficrouting/apisix).
type apisix struct {
	rollout        *v1alpha1.Rollout
	stable, canary string
	name           string
	// rules are the names of the HTTP rules to drive.
	rules []string
}

func newApisix(rollout *v1alpha1.Rollout) (*apisix, error) {
	spec := rollout.Spec.Canary()
	route := spec.TrafficRouting.Apisix.Route
	if route == nil || route.Name == "" || spec.StableService == "" || spec.CanaryService == "" {
		return nil, errors.New("trafficRouting.apisix needs a route.name, a canaryService and a stableService")
	}
	a := &apisix{
		rollout: rollout, stable: spec.StableService, canary: spec.CanaryService, name: route.Name, rules: route.Rules,
	}
	if len(a.rules) == 0 {
		a.rules = []string{route.Name}
	}
	if slices.Contains(managedNames(rollout), a.name) {
		return nil, fmt.Errorf("trafficRouting.apisix.route.name: a header route is called %q as well, and would become "+
			"an ApisixRoute of that name: rename it", a.name)
	}
	return a, nil
}

// Name is the name of the router in metrics and events.
func (a *apisix) Name() string { return "Apisix" }

func apisixKind() schema.GroupKind {
	return schema.GroupKind{Group: "apisix.apache.org", Kind: "ApisixRoute"}
}

// apisixVersions are those that can be read, the preferred one first.
func apisixVersions() []string { return []string{"v2", "v2beta3"} }

func (a *apisix) ref(name string) Ref {
	return Ref{GroupKind: apisixKind(), Namespace: a.rollout.Namespace, Name: name}
}

// Needs are the ApisixRoute that the Rollout names, and those of its header routes, which need not be there.
func (a *apisix) Needs() []Need {
	versions := apisixVersions()
	needs := []Need{{Ref: a.ref(a.name), Versions: versions}}
	for _, name := range managedNames(a.rollout) {
		needs = append(needs, Need{Ref: a.ref(name), Versions: versions, Optional: true})
	}
	return needs
}

// Validate says whether the ApisixRoute is missing or lacks a rule or one of the Services, and which ApisixRoute has
// the name of a header route but is not the Rollout's.
func (a *apisix) Validate(live Live) error {
	route, err := live.find(a.ref(a.name))
	if err == nil {
		_, err = a.driven(route.Object)
	}
	faults := []error{err}
	for _, name := range managedNames(a.rollout) {
		if present := live[a.ref(name)]; present != nil && !owner.Rollout(a.rollout).Owns(present) {
			faults = append(faults, fmt.Errorf("the %s is not the Rollout's: delete it or rename the header route", a.ref(name)))
		}
	}
	return errors.Join(faults...)
}

// Route sets the weights of both Services in each rule, and writes or deletes the ApisixRoutes of header routes.
func (a *apisix) Route(intent Intent, live Live) ([]Change, error) {
	if err := errors.Join(intent.check(), a.Validate(live)); err != nil {
		return nil, err
	}
	route, err := live.find(a.ref(a.name))
	if err != nil {
		return nil, err
	}
	rules, err := a.driven(route.Object)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, name := range managedNames(a.rollout) {
		written, err := a.headerChange(name, intent.headed(name), route, rules, live)
		if err != nil {
			return nil, err
		}
		changes = append(changes, written...)
	}
	for _, rule := range rules {
		weigh(rule.stable, int64(intent.Stable.Weight))
		weigh(rule.canary, int64(intent.Canary.Weight))
	}
	return append(changes, live.update(a.ref(a.name), route)...), nil
}

// Keep gives both Services the live weights, in each rule that is driven.
func (a *apisix) Keep(ref Ref, live, wanted *unstructured.Unstructured) {
	if ref != a.ref(a.name) {
		return
	}
	rules, err := a.driven(live.Object)
	if err != nil {
		return
	}
	wantedRules, err := a.driven(wanted.Object)
	if err != nil {
		return
	}
	for i := range rules {
		copyWeight(rules[i].stable, wantedRules[i].stable)
		copyWeight(rules[i].canary, wantedRules[i].canary)
	}
}

// apisixRule is a rule to drive, with the backends of both Services.
type apisixRule struct {
	rule, stable, canary map[string]any
}

// driven returns the rules to drive.
func (a *apisix) driven(object map[string]any) ([]apisixRule, error) {
	all, err := list(object, "spec", "http")
	if err != nil {
		return nil, fmt.Errorf("the %s: %w", a.ref(a.name), err)
	}
	var driven []apisixRule
	for _, name := range a.rules {
		index := slices.IndexFunc(all, func(rule map[string]any) bool { return text(rule, "name") == name })
		if index < 0 {
			return nil, fmt.Errorf("the %s has no rule %q in spec.http: name its rules in trafficRouting.apisix.route.rules",
				a.ref(a.name), name)
		}
		backends, err := list(all[index], "backends")
		if err != nil {
			return nil, fmt.Errorf("the rule %q of the %s: %w", name, a.ref(a.name), err)
		}
		rule := apisixRule{all[index], apisixBackend(backends, a.stable), apisixBackend(backends, a.canary)}
		if rule.stable == nil || rule.canary == nil {
			return nil, fmt.Errorf("the rule %q of the %s does not have both of the Services %s and %s in its backends",
				name, a.ref(a.name), a.stable, a.canary)
		}
		driven = append(driven, rule)
	}
	return driven, nil
}

// apisixBackend returns the first backend of a Service, nil where there is none.
func apisixBackend(backends []map[string]any, service string) map[string]any {
	index := slices.IndexFunc(backends, func(backend map[string]any) bool {
		return text(backend, "serviceName") == service
	})
	if index < 0 {
		return nil
	}
	return backends[index]
}
