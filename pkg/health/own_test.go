// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/health"
)

const readyPod = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: n, generation: 3}, data: {state: bad}}`

func newBook(t *testing.T) *health.Book {
	t.Helper()
	book, err := health.NewBook()
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func TestUsersRulesRate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		data                  map[string]string
		status, message, rule string
	}{
		"a rule in Lua": {
			map[string]string{"resource.customizations.health.ConfigMap": "return {status = 'Degraded', message = obj.data.state}"},
			"Degraded", "bad", "argocd-cm resource.customizations.health.ConfigMap",
		},
		"a rule in CEL that is a map": {
			map[string]string{"resource.customizations.health-cel.ConfigMap": "{'status': object.data.state == 'bad' ? 'Degraded' : 'Healthy', 'message': 'it is ' + object.data.state}"},
			"Degraded", "it is bad", "argocd-cm resource.customizations.health-cel.ConfigMap",
		},
		"a rule in CEL that is a status": {
			map[string]string{"resource.customizations.health-cel.ConfigMap": "object.metadata.generation > 2 ? 'Suspended' : 'Healthy'"},
			"Suspended", "", "",
		},
		"an exact rule before a pattern": {
			map[string]string{
				"resource.customizations":                  "'*':\n  health.lua: return {status = 'Healthy'}\n",
				"resource.customizations.health.ConfigMap": "return {status = 'Missing'}",
			},
			"Missing", "", "",
		},
		"a rule that cannot be compiled": {
			map[string]string{"resource.customizations.health.ConfigMap": "return {"},
			"", "", "resource.customizations.health.ConfigMap of ConfigMap argocd-cm",
		},
		"an expression that cannot be compiled": {
			map[string]string{"resource.customizations.health-cel.ConfigMap": "object.("},
			"", "", "resource.customizations.health-cel.ConfigMap of ConfigMap argocd-cm",
		},
		"an expression that reads what is not there": {
			map[string]string{"resource.customizations.health-cel.ConfigMap": "object.status.phase"}, "", "", "no such key",
		},
		"an expression of a wrong type": {
			map[string]string{"resource.customizations.health-cel.ConfigMap": "7"}, "", "", "make it a status",
		},
		"an expression with a status that is none": {
			map[string]string{"resource.customizations.health-cel.ConfigMap": "'Fine'"}, "", "", "Degraded or Unknown",
		},
		// On a slow machine the limit of time comes before the limit of cost.
		"an expression that costs too much": {
			map[string]string{"resource.customizations.health-cel.ConfigMap": "[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, " +
				"[0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, a+b+c+d+e+f >= 0)))))) ? 'Healthy' : 'Unknown'"},
			"", "", "the expression failed",
		},
		"a script that never ends": {
			map[string]string{"resource.customizations.health.ConfigMap": "while true do end"}, "", "", "passed its limit",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			book := newBook(t)
			book.Set(customization.Parse(test.data).Health)
			rated, rule, err := book.Rate(decode(t, readyPod))
			if test.status == "" {
				if err == nil || !strings.Contains(err.Error(), test.rule) {
					t.Errorf("it is rated %v, error %v; want an error with %q", rated, err, test.rule)
				}
				return
			}
			if err != nil || rated == nil || string(rated.Status) != test.status || rated.Message != test.message {
				t.Fatalf("it is rated %v, error %v", rated, err)
			}
			if !strings.Contains(rule, test.rule) {
				t.Errorf("%q answered, want %q", rule, test.rule)
			}
		})
	}
}

func TestOnlyAffectedKindsChange(t *testing.T) {
	t.Parallel()
	book := newBook(t)
	configMap, pod := schema.GroupKind{Kind: "ConfigMap"}, schema.GroupKind{Kind: "Pod"}
	own := customization.Parse(map[string]string{"resource.customizations.health.ConfigMap": "return {status = 'Degraded'}"})
	if book.Has(configMap) {
		t.Fatal("a ConfigMap has a rule that nobody gave it")
	}
	changed := book.Set(own.Health)
	if !changed(configMap) || changed(pod) || !book.Has(configMap) {
		t.Errorf("ConfigMap changed: %t, Pod changed: %t, a rule is there: %t",
			changed(configMap), changed(pod), book.Has(configMap))
	}
	if changed := book.Set(own.Health); changed(configMap) {
		t.Error("the same rules again change something")
	}
	if changed := book.Set(nil); !changed(configMap) || book.Has(configMap) {
		t.Error("a rule that was deleted is still there")
	}
	if rated, rule, err := book.Rate(decode(t, deployment)); err != nil || rated == nil || rule != "built-in Deployment.apps" {
		t.Errorf("the built-in rule rates %v by %q: %v", rated, rule, err)
	}
}
