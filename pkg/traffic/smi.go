// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"cmp"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
)

// smiVersion is the version of the TrafficSplits that are made, the first whose weights are plain numbers.
const smiVersion = "v1alpha2"

// smi keeps a TrafficSplit of the Service Mesh Interface.
type smi struct {
	rollout              *v1alpha1.Rollout
	stable, canary, root string
	name                 string
}

func newSMI(rollout *v1alpha1.Rollout) (*smi, error) {
	spec := rollout.Spec.Canary()
	s := &smi{
		rollout: rollout, stable: spec.StableService, canary: spec.CanaryService,
		root: cmp.Or(spec.TrafficRouting.SMI.RootService, spec.StableService),
		name: cmp.Or(spec.TrafficRouting.SMI.TrafficSplitName, rollout.Name),
	}
	if s.stable == "" || s.canary == "" {
		return nil, errors.New("trafficRouting.smi needs a canaryService and a stableService")
	}
	return s, nil
}

// Name is the name of the router in metrics and events.
func (s *smi) Name() string { return "SMI" }

func smiKind() schema.GroupKind {
	return schema.GroupKind{Group: "split.smi-spec.io", Kind: "TrafficSplit"}
}

func (s *smi) ref() Ref {
	return Ref{GroupKind: smiKind(), Namespace: s.rollout.Namespace, Name: s.name}
}

// Needs is the TrafficSplit, which need not be there.
func (s *smi) Needs() []Need {
	return []Need{{Ref: s.ref(), Versions: []string{smiVersion}, Optional: true}}
}

// Validate says whether there is a TrafficSplit of the name that is not the Rollout's.
func (s *smi) Validate(live Live) error {
	if present := live[s.ref()]; present != nil && !owner.Rollout(s.rollout).Owns(present) {
		return fmt.Errorf("the %s is not the Rollout's: delete it or set trafficRouting.smi.trafficSplitName", s.ref())
	}
	return nil
}

// Route writes the TrafficSplit.
func (s *smi) Route(intent Intent, live Live) ([]Change, error) {
	if err := errors.Join(intent.check(), s.Validate(live)); err != nil {
		return nil, err
	}
	backends := []any{smiBackend(s.canary, intent.Canary.Weight)}
	for _, additional := range intent.Additional {
		backends = append(backends, smiBackend(additional.Service, additional.Weight))
	}
	backends = append(backends, smiBackend(s.stable, intent.Stable.Weight))
	spec := map[string]any{"service": s.root, "backends": backends}
	present := live[s.ref()]
	if present == nil {
		return []Change{{Ref: s.ref(), Object: s.blank(spec), Create: true}}, nil
	}
	split := present.DeepCopy()
	split.Object["spec"] = spec
	return live.update(s.ref(), split), nil
}

// blank returns a new TrafficSplit, which goes with the Rollout.
func (s *smi) blank(spec map[string]any) *unstructured.Unstructured {
	split := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	split.SetGroupVersionKind(s.ref().WithVersion(smiVersion))
	split.SetNamespace(s.ref().Namespace)
	split.SetName(s.ref().Name)
	owner.Rollout(s.rollout).Own(split)
	return split
}

func smiBackend(service string, weight int32) map[string]any {
	return map[string]any{"service": service, "weight": int64(weight)}
}

// Keep keeps nothing: the TrafficSplit is the Rollout's own.
func (*smi) Keep(Ref, *unstructured.Unstructured, *unstructured.Unstructured) {}
