// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	// albManagedAnnotation lists, by Rollout, the annotations that Rollouts have set on an Ingress.
	albManagedAnnotation = "rollouts.argoproj.io/managed-alb-annotations"
	// albUseAnnotation is the name of a port by which a path says that annotations say where it leads.
	albUseAnnotation = "use-annotation"
)

// alb drives Ingresses of the AWS Load Balancer Controller, by annotations that hold actions.
type alb struct {
	rollout        *v1alpha1.Rollout
	spec           *v1alpha1.ALBTrafficRouting
	stable, canary string
	// root is the name of the Service whose action splits the traffic.
	root      string
	ingresses []string
}

func newALB(rollout *v1alpha1.Rollout) (*alb, error) {
	a := &alb{rollout: rollout, spec: rollout.Spec.Canary().TrafficRouting.ALB}
	a.stable, a.canary = Services(rollout)
	if rollout.Spec.Canary().PingPong != nil {
		a.stable, a.canary = pingPong(rollout)
	}
	a.root = cmp.Or(a.spec.RootService, rollout.Spec.Canary().StableService)
	if a.root == "" || a.stable == "" || a.canary == "" || a.spec.ServicePort == nil {
		return nil, errors.New("trafficRouting.alb needs a servicePort, and a canaryService and a stableService, " +
			"or pingPong and a rootService")
	}
	if sticky := a.spec.StickinessConfig; sticky != nil && ptr.Deref(sticky.Enabled, false) {
		if seconds := ptr.Deref(sticky.DurationSeconds, 0); seconds < 1 || seconds > 604800 {
			return nil, errors.New("trafficRouting.alb.stickinessConfig.durationSeconds has to be between 1 and 604800")
		}
	}
	var err error
	a.ingresses, err = ingressNames("alb", a.spec.Ingress, a.spec.Ingresses)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Name is the name of the router in metrics and events.
func (a *alb) Name() string { return "ALB" }

// Needs are the Ingresses that the Rollout names.
func (a *alb) Needs() []Need {
	var needs []Need
	for _, name := range a.ingresses {
		needs = append(needs, Need{Ref: ingressRef(a.rollout, name), Versions: []string{"v1"}})
	}
	return needs
}

// Validate says which Ingress is missing or does not use the root Service.
func (a *alb) Validate(live Live) error {
	return validateIngresses(a.rollout, a.ingresses, a.root, live)
}

// Route writes the actions of the Ingresses, and a path for every header route.
func (a *alb) Route(intent Intent, live Live) ([]Change, error) {
	if err := errors.Join(intent.check(), a.Validate(live)); err != nil {
		return nil, err
	}
	var changes []Change
	for _, name := range a.ingresses {
		ref := ingressRef(a.rollout, name)
		ingress, err := live.find(ref)
		if err == nil {
			err = errors.Join(a.annotate(ingress, intent), a.paths(ingress.Object, intent))
		}
		if err != nil {
			return nil, fmt.Errorf("the %s: %w", ref, err)
		}
		changes = append(changes, live.update(ref, ingress)...)
	}
	return changes, nil
}

// key is the key of an annotation that says something of a Service or of a header route.
func (a *alb) key(what, name string) string {
	return cmp.Or(a.spec.AnnotationPrefix, "alb.ingress.kubernetes.io") + "/" + what + "." + name
}

// annotate sets the action of the root Service, and action and condition of every header route. The keys of all of
// them are listed in an annotation, beside those of other Rollouts that share the Ingress.
func (a *alb) annotate(ingress *unstructured.Unstructured, intent Intent) error {
	annotations := ingress.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	managed := map[string][]string{}
	if text := annotations[albManagedAnnotation]; text != "" {
		if err := json.Unmarshal([]byte(text), &managed); err != nil {
			return fmt.Errorf("the annotation %s: %w", albManagedAnnotation, err)
		}
	}
	action := a.key("actions", a.root)
	keys := []string{action}
	annotations[action] = a.action(intent.Canary, intent.Additional, &intent.Stable)
	for _, name := range managedNames(a.rollout) {
		action, condition := a.key("actions", name), a.key("conditions", name)
		route := intent.headed(name)
		if route == nil {
			if slices.Contains(managed[a.rollout.Name], condition) {
				delete(annotations, action)
				delete(annotations, condition)
			}
			continue
		}
		var err error
		if annotations[condition], err = albCondition(route); err != nil {
			return err
		}
		annotations[action] = a.action(Destination{Weight: 100}, nil, nil)
		keys = append(keys, action, condition)
	}
	managed[a.rollout.Name] = keys
	annotations[albManagedAnnotation] = compact(managed)
	ingress.SetAnnotations(annotations)
	return nil
}

// paths puts a path for every header route before those of the user, in each rule that uses the root Service: rules of
// other Services are none of the Rollout's.
func (a *alb) paths(ingress map[string]any, intent Intent) error {
	rules, err := ingressRules(ingress, a.root)
	if err != nil {
		return err
	}
	managed := managedNames(a.rollout)
	for _, rule := range rules {
		paths, err := list(rule, "http", "paths")
		if err != nil {
			return err
		}
		paths = slices.DeleteFunc(paths, a.ownPath)
		var own []map[string]any
		for _, name := range managed {
			if intent.headed(name) != nil {
				own = append(own, albPath(name))
			}
		}
		object(rule, "http")["paths"] = slice(append(own, paths...))
	}
	return nil
}

// ownPath reports whether a path is that of a header route.
func (a *alb) ownPath(path map[string]any) bool {
	service := object(object(path, "backend"), "service")
	return text(object(service, "port"), "name") == albUseAnnotation && text(service, "name") != a.root &&
		slices.Contains(managedNames(a.rollout), text(service, "name"))
}

func albPath(name string) map[string]any {
	return map[string]any{
		"path":     "/*",
		"pathType": "ImplementationSpecific",
		"backend": map[string]any{"service": map[string]any{
			"name": name, "port": map[string]any{"name": albUseAnnotation},
		}},
	}
}

// Keep gives an Ingress the live action of the root Service, and the paths of the header routes.
func (a *alb) Keep(_ Ref, live, wanted *unstructured.Unstructured) {
	key := a.key("actions", a.root)
	if _, said := wanted.GetAnnotations()[key]; said {
		put(wanted.GetAnnotations(), key, live.GetAnnotations()[key], wanted.SetAnnotations)
	}
	have, haveErr := ingressRules(live.Object, a.root)
	want, wantErr := ingressRules(wanted.Object, a.root)
	if haveErr != nil || wantErr != nil {
		return
	}
	for index := range min(len(have), len(want)) {
		paths, err := list(want[index], "http", "paths")
		if err != nil {
			return
		}
		object(want[index], "http")["paths"] = slice(append(a.ownPaths(have[index]), paths...))
	}
}

// ownPaths are the paths of the header routes in a rule.
func (a *alb) ownPaths(rule map[string]any) []map[string]any {
	paths, err := list(rule, "http", "paths")
	if err != nil {
		return nil
	}
	var own []map[string]any
	for _, path := range paths {
		if a.ownPath(path) {
			own = append(own, clone(path))
		}
	}
	return own
}
