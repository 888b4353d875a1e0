// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package customization_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/customization"
)

func TestRulesAreReadFromEveryForm(t *testing.T) {
	t.Parallel()
	set := customization.Parse(map[string]string{
		"resource.customizations.health.example.com_Widget":      "lua of a widget",
		"resource.customizations.health-cel.apps_Deployment":     "cel of a deployment",
		"resource.customizations.health.ConfigMap":               "lua of a config map",
		"resource.customizations.health.all":                     "lua of all",
		"resource.customizations.useOpenLibs.example.com_Widget": "true",
		"resource.customizations":                                "'*.crossplane.io/*':\n  health.lua: lua of many\n",
		"url":                                                    "https://example.com",
	})
	got := map[string]string{}
	for _, rule := range set.Health {
		got[string(rule.Pattern)] = rule.Lua + rule.CEL
		if rule.Fault != nil {
			t.Errorf("%s: %v", rule.Key, rule.Fault)
		}
	}
	want := map[string]string{
		"example.com/Widget": "lua of a widget", "apps/Deployment": "cel of a deployment",
		"ConfigMap": "lua of a config map", "*.crossplane.io/*": "lua of many", "*": "lua of all",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if last := set.Health[len(set.Health)-1]; last.Pattern != "*" {
		t.Errorf("the least exact rule is not the last, but %s", last.Pattern)
	}
}

func TestPatternsMatchKinds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pattern     customization.Pattern
		group, kind string
		want        bool
	}{
		"an exact kind":                  {"apps/Deployment", "apps", "Deployment", true},
		"another kind":                   {"apps/Deployment", "apps", "StatefulSet", false},
		"a core kind":                    {"ConfigMap", "", "ConfigMap", true},
		"a core kind is in no group":     {"ConfigMap", "example.com", "ConfigMap", false},
		"all kinds of a group":           {"example.com/*", "example.com", "Widget", true},
		"groups that end alike":          {"*.example.com/*", "a.b.example.com", "Widget", true},
		"a group that ends otherwise":    {"*.example.com/*", "example.com.evil", "Widget", false},
		"text between two stars":         {"*cross*/Bucket", "s3.crossplane.io", "Bucket", true},
		"text between two stars lacking": {"*cross*/Bucket", "s3.example.io", "Bucket", false},
		"every kind":                     {"*", "", "Pod", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.pattern.Matches(schema.GroupKind{Group: test.group, Kind: test.kind}); got != test.want {
				t.Errorf("%s matches %s/%s: %t", test.pattern, test.group, test.kind, got)
			}
		})
	}
}

func TestAFaultyKeySpoilsNoOther(t *testing.T) {
	t.Parallel()
	set := customization.Parse(map[string]string{
		"resource.customizations.health.a_b_c":               "return {}",
		"resource.customizations.health.ConfigMap":           "return {}",
		"resource.customizations.actions.apps_Deployment":    "[no actions",
		"resource.customizations":                            "- no\n- kinds\n",
		"resource.customizations.actions.example.com_Widget": "discovery.lua: return {}\ndefinitions:\n- name: spin\n  action.lua: return obj\n",
	})
	faults := 0
	for _, rule := range set.Health {
		if rule.Fault != nil {
			faults++
			if !strings.Contains(rule.Fault.Error(), "argocd-cm") {
				t.Errorf("the fault does not say where it is: %v", rule.Fault)
			}
		}
	}
	if faults != 2 || len(set.Health) != 3 {
		t.Errorf("%d of %d rules are faulty, want 2 of 3", faults, len(set.Health))
	}
	if broken := set.ActionsOf(schema.GroupKind{Group: "apps", Kind: "Deployment"}); broken == nil || broken.Fault == nil {
		t.Errorf("broken actions are %+v", broken)
	}
	good := set.ActionsOf(schema.GroupKind{Group: "example.com", Kind: "Widget"})
	if good == nil || good.Fault != nil || good.Scripts["spin"] != "return obj" || good.Discovery != "return {}" {
		t.Errorf("good actions are %+v", good)
	}
}
