// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func ingressRef(rollout *v1alpha1.Rollout, name string) Ref {
	return Ref{GroupKind: ingressKind(), Namespace: rollout.Namespace, Name: name}
}

func ingressKind() schema.GroupKind {
	return schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}
}

// ingressNames returns the Ingresses of a router, which are named one by one or as a list.
func ingressNames(router, single string, several []string) ([]string, error) {
	if (single == "") == (len(several) == 0) {
		return nil, fmt.Errorf("trafficRouting.%s needs either one Ingress or a list of them", router)
	}
	if single != "" {
		several = []string{single}
	}
	named := map[string]bool{}
	for _, name := range several {
		if name == "" || named[name] {
			return nil, fmt.Errorf("trafficRouting.%s lists the Ingress %q twice, or one without a name", router, name)
		}
		named[name] = true
	}
	return several, nil
}

// ingressBackends returns the Services that the paths of a rule of an Ingress send traffic to.
func ingressBackends(rule map[string]any) ([]map[string]any, error) {
	paths, err := list(rule, "http", "paths")
	if err != nil {
		return nil, err
	}
	var services []map[string]any
	for _, path := range paths {
		// A path may have a resource in place of a Service.
		if service := object(object(path, "backend"), "service"); service != nil {
			services = append(services, service)
		}
	}
	return services, nil
}

// ingressRules returns the rules of an Ingress that send traffic to a Service. It fails where there are none.
func ingressRules(ingress map[string]any, service string) ([]map[string]any, error) {
	rules, err := list(ingress, "spec", "rules")
	if err != nil {
		return nil, err
	}
	var found []map[string]any
	for _, rule := range rules {
		backends, err := ingressBackends(rule)
		if err != nil {
			return nil, err
		}
		for _, backend := range backends {
			if text(backend, "name") == service {
				found = append(found, rule)
				break
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no rule uses the Service %s as its backend", service)
	}
	return found, nil
}

// validateIngresses says which Ingress is missing, or has no rule for a Service.
func validateIngresses(rollout *v1alpha1.Rollout, names []string, service string, live Live) error {
	var faults []error
	for _, name := range names {
		ref := ingressRef(rollout, name)
		ingress, err := live.find(ref)
		if err == nil {
			if _, err = ingressRules(ingress.Object, service); err != nil {
				err = fmt.Errorf("the %s: %w", ref, err)
			}
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
