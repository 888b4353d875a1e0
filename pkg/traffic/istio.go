// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const istioGroup = "networking.istio.io"

// istioService is a VirtualService to drive.
type istioService struct {
	Ref
	spec v1alpha1.IstioVirtualService
}

// istio drives VirtualServices and a DestinationRule of Istio.
type istio struct {
	rollout        *v1alpha1.Rollout
	stable, canary string
	services       []istioService
	// rule is nil where the traffic is split by host.
	rule *v1alpha1.IstioDestinationRule
}

func newIstio(rollout *v1alpha1.Rollout) (*istio, error) {
	spec := rollout.Spec.Canary().TrafficRouting.Istio
	i := &istio{rollout: rollout, rule: spec.DestinationRule}
	i.stable, i.canary = Services(rollout)
	if i.rule == nil && (i.stable == "" || i.canary == "") {
		return nil, errors.New("trafficRouting.istio needs a canaryService and a stableService, or a destinationRule")
	}
	services := spec.VirtualServices
	if spec.VirtualService != nil {
		services = []v1alpha1.IstioVirtualService{*spec.VirtualService}
	}
	if len(services) == 0 || (spec.VirtualService != nil && len(spec.VirtualServices) > 0) {
		return nil, errors.New("trafficRouting.istio needs either a virtualService or virtualServices")
	}
	named := map[Ref]bool{}
	for _, service := range services {
		ref := i.ref(service.Name)
		if ref.Name == "" || named[ref] {
			return nil, fmt.Errorf("trafficRouting.istio names the VirtualService %q twice, or has none of a name",
				service.Name)
		}
		named[ref] = true
		i.services = append(i.services, istioService{Ref: ref, spec: service})
	}
	return i, nil
}

// ref reads the name of a VirtualService, which may have its namespace after the last dot.
func (i *istio) ref(name string) Ref {
	ref := Ref{
		GroupKind: schema.GroupKind{Group: istioGroup, Kind: "VirtualService"}, Namespace: i.rollout.Namespace, Name: name,
	}
	name = strings.TrimSuffix(name, ".cluster.local")
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		ref.Name, ref.Namespace = name[:dot], name[dot+1:]
	}
	return ref
}

func (i *istio) ruleRef() Ref {
	return Ref{
		GroupKind: schema.GroupKind{Group: istioGroup, Kind: "DestinationRule"},
		Namespace: i.rollout.Namespace, Name: i.rule.Name,
	}
}

// Name is the name of the router in metrics and events.
func (i *istio) Name() string { return "Istio" }

// Needs are the VirtualServices and the DestinationRule that the Rollout names.
func (i *istio) Needs() []Need {
	versions := []string{"v1", "v1beta1", "v1alpha3"}
	var needs []Need
	for _, service := range i.services {
		needs = append(needs, Need{Ref: service.Ref, Versions: versions})
	}
	if i.rule != nil {
		needs = append(needs, Need{Ref: i.ruleRef(), Versions: versions})
	}
	return needs
}

// Validate says which object is missing, and which route or subset is not in it.
func (i *istio) Validate(live Live) error {
	var faults []error
	for _, service := range i.services {
		object, err := live.find(service.Ref)
		if err == nil {
			_, err = i.read(service, object.Object)
		}
		faults = append(faults, err)
	}
	if i.rule != nil {
		_, _, err := i.subsets(live)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// Route sets the weights in VirtualServices and the hashes in the DestinationRule. Where the canary gets no traffic
// any more the weights come first, so that no pods get traffic that nobody meant for them; else the hashes do.
func (i *istio) Route(intent Intent, live Live) ([]Change, error) {
	if err := errors.Join(intent.check(), i.Validate(live)); err != nil {
		return nil, err
	}
	var weights []Change
	for _, service := range i.services {
		object, err := live.find(service.Ref)
		if err != nil {
			return nil, err
		}
		routes, err := i.read(service, object.Object)
		if err != nil {
			return nil, err
		}
		if err = routes.route(intent, object.Object); err != nil {
			return nil, fmt.Errorf("the %s: %w", service.Ref, err)
		}
		weights = append(weights, live.update(service.Ref, object)...)
	}
	if i.rule == nil {
		return weights, nil
	}
	hashes, err := i.hash(intent, live)
	if err != nil {
		return nil, err
	}
	if intent.Canary.Weight == 0 {
		return append(weights, hashes...), nil
	}
	return append(hashes, weights...), nil
}
