// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
)

// ingressClassAnnotation is how the class of an Ingress was said before there was a field for it.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

// nginx drives Ingresses of ingress-nginx: beside each stable Ingress it keeps one that carries the canary's weight.
type nginx struct {
	rollout        *v1alpha1.Rollout
	spec           *v1alpha1.NginxTrafficRouting
	stable, canary string
	ingresses      []string
}

func newNginx(rollout *v1alpha1.Rollout) (*nginx, error) {
	n := &nginx{rollout: rollout, spec: rollout.Spec.Canary().TrafficRouting.Nginx}
	n.stable, n.canary = rollout.Spec.Canary().StableService, rollout.Spec.Canary().CanaryService
	if n.stable == "" || n.canary == "" {
		return nil, errors.New("trafficRouting.nginx needs a canaryService and a stableService")
	}
	var err error
	n.ingresses, err = ingressNames("nginx", n.spec.StableIngress, n.spec.StableIngresses)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Name is the name of the router in metrics and events.
func (n *nginx) Name() string { return "Nginx" }

// Needs are the stable Ingresses, and the Ingresses of the canary, which need not be there.
func (n *nginx) Needs() []Need {
	var needs []Need
	for _, name := range n.ingresses {
		needs = append(needs,
			Need{Ref: ingressRef(n.rollout, name), Versions: []string{"v1"}},
			Need{Ref: n.canaryRef(name), Versions: []string{"v1"}, Optional: true})
	}
	return needs
}

// canaryRef names the Ingress of the canary as the peer does, which cuts what is too long for a name.
func (n *nginx) canaryRef(stable string) Ref {
	const suffix, longest = "-canary", 253
	prefix := n.rollout.Name + "-" + stable
	return ingressRef(n.rollout, prefix[:min(len(prefix), longest-len(suffix))]+suffix)
}

// Validate says which stable Ingress is missing or does not use the stable Service, and which Ingress has the name of
// the canary's but is not the Rollout's.
func (n *nginx) Validate(live Live) error {
	faults := []error{validateIngresses(n.rollout, n.ingresses, n.stable, live)}
	for _, name := range n.ingresses {
		ref := n.canaryRef(name)
		if present := live[ref]; present != nil && !owner.Rollout(n.rollout).Owns(present) {
			faults = append(faults, fmt.Errorf("the %s is not the Rollout's: delete it or rename it", ref))
		}
	}
	return errors.Join(faults...)
}

// Route writes the Ingresses of the canary.
func (n *nginx) Route(intent Intent, live Live) ([]Change, error) {
	if err := errors.Join(intent.check(), n.Validate(live)); err != nil {
		return nil, err
	}
	var changes []Change
	for _, name := range n.ingresses {
		stable, err := live.find(ingressRef(n.rollout, name))
		if err != nil {
			return nil, err
		}
		spec, err := n.canarySpec(stable)
		if err != nil {
			return nil, err
		}
		ref := n.canaryRef(name)
		ingress := n.blank(ref, stable)
		present := live[ref]
		if present != nil {
			ingress = present.DeepCopy()
		}
		ingress.Object["spec"] = spec
		n.annotate(ingress, stable, intent)
		if present == nil {
			changes = append(changes, Change{Ref: ref, Object: ingress, Create: true})
			continue
		}
		changes = append(changes, live.update(ref, ingress)...)
	}
	return changes, nil
}

// blank returns a new Ingress of the canary, which goes with the Rollout.
func (n *nginx) blank(ref Ref, stable *unstructured.Unstructured) *unstructured.Unstructured {
	ingress := &unstructured.Unstructured{}
	ingress.SetGroupVersionKind(stable.GroupVersionKind())
	ingress.SetNamespace(ref.Namespace)
	ingress.SetName(ref.Name)
	owner.Rollout(n.rollout).Own(ingress)
	return ingress
}

// canarySpec returns the class, the certificates and those rules of a stable Ingress that use the stable Service, with
// the canary's in its place.
func (n *nginx) canarySpec(stable *unstructured.Unstructured) (map[string]any, error) {
	rules, err := ingressRules(stable.Object, n.stable)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules {
		backends, err := ingressBackends(rule)
		if err != nil {
			return nil, err
		}
		for _, backend := range backends {
			if text(backend, "name") == n.stable {
				backend["name"] = n.canary
			}
		}
	}
	spec := map[string]any{"rules": slice(rules)}
	for _, field := range []string{"ingressClassName", "tls"} {
		if value, found := object(stable.Object, "spec")[field]; found {
			spec[field] = value
		}
	}
	return spec, nil
}

// annotate sets the canary's annotations. Those that others have set stay, as Rancher's do.
func (n *nginx) annotate(ingress, stable *unstructured.Unstructured, intent Intent) {
	prefix := cmp.Or(n.spec.AnnotationPrefix, "nginx.ingress.kubernetes.io")
	annotations := ingress.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, prefix+"/canary-weight-total")
	if class, found := stable.GetAnnotations()[ingressClassAnnotation]; found {
		annotations[ingressClassAnnotation] = class
	}
	for _, key := range slices.Sorted(maps.Keys(n.spec.AdditionalIngressAnnotations)) {
		name := key
		if !strings.HasPrefix(key, prefix) {
			name = prefix + "/" + key
		}
		annotations[name] = n.spec.AdditionalIngressAnnotations[key]
	}
	maps.Copy(annotations, n.spec.CanaryIngressAnnotations)
	annotations[prefix+"/canary"] = "true"
	annotations[prefix+"/canary-weight"] = strconv.Itoa(int(intent.Canary.Weight))
	if n.rollout.Spec.Canary().TrafficRouting.MaxTrafficWeight != nil {
		annotations[prefix+"/canary-weight-total"] = strconv.Itoa(int(intent.Max))
	}
	ingress.SetAnnotations(annotations)
}

// Keep keeps nothing: the Ingress of the canary is the Rollout's own, and a stable one is not changed.
func (*nginx) Keep(Ref, *unstructured.Unstructured, *unstructured.Unstructured) {}
