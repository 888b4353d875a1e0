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
)

// traefik drives a TraefikService.
type traefik struct {
	rollout        *v1alpha1.Rollout
	stable, canary string
	name           string
}

func newTraefik(rollout *v1alpha1.Rollout) (*traefik, error) {
	spec := rollout.Spec.Canary()
	t := &traefik{
		rollout: rollout, stable: spec.StableService, canary: spec.CanaryService,
		name: spec.TrafficRouting.Traefik.WeightedTraefikServiceName,
	}
	if t.name == "" || t.stable == "" || t.canary == "" {
		return nil, errors.New("trafficRouting.traefik needs a weightedTraefikServiceName, a canaryService and a " +
			"stableService")
	}
	return t, nil
}

// Name is the name of the router in metrics and events.
func (t *traefik) Name() string { return "Traefik" }

func (t *traefik) ref() Ref {
	return Ref{
		GroupKind: schema.GroupKind{Group: "traefik.io", Kind: "TraefikService"},
		Namespace: t.rollout.Namespace, Name: t.name,
	}
}

// Needs is the TraefikService that the Rollout names.
func (t *traefik) Needs() []Need { return []Need{{Ref: t.ref(), Versions: []string{"v1alpha1"}}} }

// Validate says whether the TraefikService is missing or lacks one of the Services.
func (t *traefik) Validate(live Live) error {
	service, err := live.find(t.ref())
	if err == nil {
		_, _, err = t.services(service.Object)
	}
	return err
}

// Route sets the weights of both Services.
func (t *traefik) Route(intent Intent, live Live) ([]Change, error) {
	service, err := live.find(t.ref())
	if err = errors.Join(intent.check(), err); err != nil {
		return nil, err
	}
	stable, canary, err := t.services(service.Object)
	if err != nil {
		return nil, err
	}
	weigh(stable, int64(intent.Stable.Weight))
	weigh(canary, int64(intent.Canary.Weight))
	return live.update(t.ref(), service), nil
}

// services returns the entries of both Services.
func (t *traefik) services(object map[string]any) (stable, canary map[string]any, err error) {
	entries, err := list(object, "spec", "weighted", "services")
	if err != nil {
		return nil, nil, fmt.Errorf("the %s: %w", t.ref(), err)
	}
	entry := func(service string) map[string]any {
		index := slices.IndexFunc(entries, func(entry map[string]any) bool {
			namespace := text(entry, "namespace")
			return text(entry, "name") == service && (namespace == "" || namespace == t.rollout.Namespace)
		})
		if index < 0 {
			return nil
		}
		return entries[index]
	}
	stable, canary = entry(t.stable), entry(t.canary)
	if stable == nil || canary == nil {
		return nil, nil, fmt.Errorf("the %s does not have both of the Services %s and %s in spec.weighted.services",
			t.ref(), t.stable, t.canary)
	}
	return stable, canary, nil
}

// Keep gives both Services the live weights.
func (t *traefik) Keep(_ Ref, live, wanted *unstructured.Unstructured) {
	stable, canary, err := t.services(live.Object)
	if err != nil {
		return
	}
	wantedStable, wantedCanary, err := t.services(wanted.Object)
	if err != nil {
		return
	}
	copyWeight(stable, wantedStable)
	copyWeight(canary, wantedCanary)
}
