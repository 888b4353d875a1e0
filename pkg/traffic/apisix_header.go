// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
)

// headerChange writes the ApisixRoute of a header route that is in force, and deletes that of one which is not.
func (a *apisix) headerChange(
	name string, header *v1alpha1.SetHeaderRoute, route *unstructured.Unstructured, rules []apisixRule, live Live,
) ([]Change, error) {
	ref := a.ref(name)
	present := live[ref]
	switch {
	case header == nil && (present == nil || present.GetDeletionTimestamp() != nil):
		return nil, nil
	case header == nil:
		return []Change{{Ref: ref, Object: present, Delete: true}}, nil
	}
	http, err := a.headerRules(header, rules)
	if err != nil {
		return nil, err
	}
	spec := map[string]any{"http": http}
	if class, found := object(route.Object, "spec")["ingressClassName"]; found {
		spec["ingressClassName"] = class
	}
	if present == nil {
		return []Change{{Ref: ref, Object: a.blank(ref, route, spec), Create: true}}, nil
	}
	changed := present.DeepCopy()
	changed.Object["spec"] = spec
	return live.update(ref, changed), nil
}

// blank returns a new ApisixRoute, which goes with the Rollout. It has neither labels nor annotations of the user's: by
// them it could be taken for something that is deployed.
func (a *apisix) blank(ref Ref, route *unstructured.Unstructured, spec map[string]any) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	made.SetGroupVersionKind(route.GroupVersionKind())
	made.SetNamespace(ref.Namespace)
	made.SetName(ref.Name)
	owner.Rollout(a.rollout).Own(made)
	return made
}

// headerRules returns copies of rules that come before them, for the requests that have certain headers, and send none
// to the stable Service.
func (a *apisix) headerRules(header *v1alpha1.SetHeaderRoute, rules []apisixRule) ([]any, error) {
	copies := make([]any, 0, len(rules))
	for _, rule := range rules {
		made, err := a.headerRule(header, clone(rule.rule))
		if err != nil {
			return nil, fmt.Errorf("the rule %q of the %s: %w", text(rule.rule, "name"), a.ref(a.name), err)
		}
		copies = append(copies, made)
	}
	return copies, nil
}

func (a *apisix) headerRule(header *v1alpha1.SetHeaderRoute, rule map[string]any) (map[string]any, error) {
	backends, err := list(rule, "backends")
	if err != nil {
		return nil, err
	}
	weigh(apisixBackend(backends, a.canary), 100)
	rule["backends"] = slice(slices.DeleteFunc(backends, func(backend map[string]any) bool {
		return text(backend, "serviceName") == a.stable
	}))
	priority, is := number(rule["priority"])
	if !is && rule["priority"] != nil {
		return nil, errors.New("priority is not a whole number")
	}
	rule["priority"] = priority + 1
	wanted, err := list(rule, "match", "exprs")
	if err != nil {
		return nil, err
	}
	expressions := slice(append(wanted, apisixExpressions(header)...))
	if err := unstructured.SetNestedSlice(rule, expressions, "match", "exprs"); err != nil {
		return nil, err
	}
	return rule, nil
}

// apisixExpressions says that a request has all of some headers. One without a value can have any: a rule without a
// condition would take all requests.
func apisixExpressions(header *v1alpha1.SetHeaderRoute) []map[string]any {
	var expressions []map[string]any
	for _, match := range header.Match {
		add := func(operator, value string) {
			expressions = append(expressions, map[string]any{
				"subject": map[string]any{"scope": "Header", "name": match.HeaderName}, "op": operator, "value": value,
			})
		}
		value := v1alpha1.StringMatch{}
		if match.HeaderValue != nil {
			value = *match.HeaderValue
		}
		if value.Exact != "" {
			add("Equal", value.Exact)
		}
		if value.Regex != "" {
			add("RegexMatch", value.Regex)
		}
		if value.Prefix != "" {
			add("RegexMatch", "^"+regexp.QuoteMeta(value.Prefix)+".*")
		}
		if value == (v1alpha1.StringMatch{}) {
			add("RegexMatch", ".*")
		}
	}
	return expressions
}
