// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(encoded); err != nil {
		t.Fatal(err)
	}
	return read
}

func rules(t *testing.T, list ...v1alpha1.ResourceIgnoreDifferences) difference.Rules {
	t.Helper()
	compiled, err := difference.Compile(list)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

const head = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: "

func TestLiveValuesAreKeptWhereRulesSayIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rule               v1alpha1.ResourceIgnoreDifferences
		wanted, live, want string
	}{
		"a field": {
			v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/spec/replicas"}},
			"{replicas: 1, paused: true}", "{replicas: 5, paused: false}", "{replicas: 5, paused: true}",
		},
		"a field that Git does not have": {
			v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/spec/replicas"}},
			"{paused: true}", "{replicas: 5}", "{replicas: 5, paused: true}",
		},
		"a field within what Git does not have": {
			v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/spec/template/metadata"}},
			"{paused: true}", "{template: {metadata: {labels: {a: b}}}}", "{paused: true, template: {metadata: {labels: {a: b}}}}",
		},
		"a field that somebody took away": {
			v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/spec/replicas"}},
			"{replicas: 1, paused: true}", "{paused: true}", "{paused: true}",
		},
		"a field that neither has": {
			v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/spec/other"}},
			"{replicas: 1}", "{replicas: 5}", "{replicas: 1}",
		},
		"a key with a slash and a tilde": {
			v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/spec/a~1b~0c"}},
			"{a/b~c: git}", "{a/b~c: live}", "{a/b~c: live}",
		},
		"a place in a list": {
			v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/spec/list/1/value"}},
			"{list: [{name: a, value: 1}, {name: b, value: 1}]}", "{list: [{name: a, value: 2}, {name: b, value: 2}]}",
			"{list: [{name: a, value: 1}, {name: b, value: 2}]}",
		},
		"an element of a list that stands elsewhere": {
			v1alpha1.ResourceIgnoreDifferences{JQPathExpressions: []string{`.spec.list[] | select(.name == "b") | .value`}},
			"{list: [{name: b, value: 1}]}", "{list: [{name: injected, value: 7}, {name: b, value: 2}]}", "{list: [{name: b, value: 2}]}",
		},
		"an element that only the destination has": {
			v1alpha1.ResourceIgnoreDifferences{JQPathExpressions: []string{`.spec.list[] | select(.name == "injected")`}},
			"{list: [{name: b, value: 1}]}", "{list: [{name: injected, value: 7}, {name: b, value: 2}]}", "{list: [{name: b, value: 1}]}",
		},
		"an element that somebody took away": {
			v1alpha1.ResourceIgnoreDifferences{JQPathExpressions: []string{`.spec.list[]?`}},
			"{list: [{name: a}, {name: b}, {name: c}]}", "{list: [{name: b}]}", "{list: [{name: b}]}",
		},
		"a list that is not there": {
			v1alpha1.ResourceIgnoreDifferences{JQPathExpressions: []string{`.spec.none[].value`}},
			"{replicas: 1}", "{replicas: 2}", "{replicas: 1}",
		},
		"the last element": {
			v1alpha1.ResourceIgnoreDifferences{JQPathExpressions: []string{`.spec.list[-1].value`}},
			"{list: [{name: a, value: 1}]}", "{list: [{name: a, value: 2}]}", "{list: [{name: a, value: 2}]}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.rule.Group, test.rule.Kind = "apps", "Deployment"
			wanted, live := object(t, head+test.wanted+"}"), object(t, head+test.live+"}")
			kept, err := rules(t, test.rule).Keep(wanted, live)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, head+test.want+"}").Object, kept.Object); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const managed = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, managedFields: [
  {manager: scaler, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:replicas": {},
    "f:list": {'k:{"name":"b"}': {"f:value": {}}}}}}]}, spec: {replicas: 5, list: [{name: b, value: 2}], paused: true}}`

func TestFieldsOfManagersAreKept(t *testing.T) {
	t.Parallel()
	rule := v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "Deployment", ManagedFieldsManagers: []string{"scaler"}}
	wanted := object(t, head+"{replicas: 1, list: [{name: a, value: 1}, {name: b, value: 1}], paused: false}}")
	kept, err := rules(t, rule).Keep(wanted, object(t, managed))
	if err != nil {
		t.Fatal(err)
	}
	want := object(t, head+"{replicas: 5, list: [{name: a, value: 1}, {name: b, value: 2}], paused: false}}")
	if diff := cmp.Diff(want.Object, kept.Object); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestObjectsAreTheSameButForFieldsOfRules(t *testing.T) {
	t.Parallel()
	rule := v1alpha1.ResourceIgnoreDifferences{Group: "*", Kind: "*", JSONPointers: []string{"/spec/replicas"}}
	for name, test := range map[string]struct {
		live, predicted string
		want            bool
	}{
		"nothing":                {"{replicas: 1}", "{replicas: 1}", true},
		"a field of a rule":      {"{replicas: 1}", "{replicas: 2}", true},
		"its absence":            {"{paused: true}", "{replicas: 2, paused: true}", true},
		"another field":          {"{replicas: 1, paused: true}", "{replicas: 2}", false},
		"another field's value":  {"{paused: true}", "{paused: false}", false},
		"the order within lists": {"{list: [1, 2]}", "{list: [2, 1]}", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := rules(t, rule).Same(object(t, head+test.live+"}"), object(t, head+test.predicted+"}"))
			if err != nil || got != test.want {
				t.Errorf("same: %t, %v", got, err)
			}
		})
	}
}

func TestRulesAreForTheObjectsThatTheySelect(t *testing.T) {
	t.Parallel()
	key := manifest.Key{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}
	for name, test := range map[string]struct {
		rule v1alpha1.ResourceIgnoreDifferences
		want bool
	}{
		"the kind":               {v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "Deployment"}, true},
		"any group":              {v1alpha1.ResourceIgnoreDifferences{Group: "*", Kind: "Deployment"}, true},
		"any kind":               {v1alpha1.ResourceIgnoreDifferences{Group: "*", Kind: "*"}, true},
		"another kind":           {v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "StatefulSet"}, false},
		"the core group":         {v1alpha1.ResourceIgnoreDifferences{Kind: "Deployment"}, false},
		"the name":               {v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "Deployment", Name: "web"}, true},
		"another name":           {v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "Deployment", Name: "db"}, false},
		"the namespace":          {v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "Deployment", Namespace: "shop"}, true},
		"another namespace":      {v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "Deployment", Namespace: "x"}, false},
		"both, and one is wrong": {v1alpha1.ResourceIgnoreDifferences{Group: "apps", Kind: "Deployment", Namespace: "x", Name: "web"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			matching := rules(t, test.rule).Of(key)
			if (len(matching) == 1) != test.want || matching.Digest().IsZero() == test.want {
				t.Errorf("%d rules, digest %q", len(matching), matching.Digest())
			}
		})
	}
}

func TestARuleThatCannotBeReadNamesItsField(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rule v1alpha1.ResourceIgnoreDifferences
		want string
	}{
		"no pointer":    {v1alpha1.ResourceIgnoreDifferences{JSONPointers: []string{"/a", "spec.replicas"}}, "[0].jsonPointers[1]"},
		"no expression": {v1alpha1.ResourceIgnoreDifferences{JQPathExpressions: []string{".a["}}, "[0].jqPathExpressions[0]"},
		"no path":       {v1alpha1.ResourceIgnoreDifferences{JQPathExpressions: []string{".a | unknown"}}, "unknown/0 is not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := difference.Compile(v1alpha1.IgnoreDifferences{test.rule})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// The first is CVE-2024-32476.
func TestExpressionsCannotKeepAnybodyBusy(t *testing.T) {
	t.Parallel()
	for name, expression := range map[string]string{
		"an endless loop":         `until(true == false; [.] + [1])`,
		"a function":              `def f: f; f`,
		"a range":                 `.spec[range(1e9)]`,
		"a reduction":             `reduce .[] as $x (.; . + .)`,
		"a label":                 `label $out | repeat(.)`,
		"growing text":            `. + . | . + .`,
		"text times a number":     `"x" * 1e9`,
		"text within text":        `"\(.)\(.)"`,
		"the environment":         `$ENV.PATH`,
		"an environment function": `env.PATH`,
		"a file":                  `import "a" as a; .`,
		"an assignment":           `.a[1e9] = 1`,
		"a format":                `@base64`,
		"lists of lists":          strings.Repeat("[.,.]|", 20) + ".",
		"a long expression":       strings.Repeat(".a|", 2000) + ".",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := difference.Compile(v1alpha1.IgnoreDifferences{{Kind: "*", JQPathExpressions: []string{expression}}}); err == nil {
				t.Error("it is accepted")
			}
		})
	}
}

func TestAnExpressionThatSelectsTooMuchIsAFault(t *testing.T) {
	t.Parallel()
	rule := v1alpha1.ResourceIgnoreDifferences{Kind: "*", JQPathExpressions: []string{"..|..|..|..|..|.."}}
	live := object(t, head+"{a: {b: {c: {d: {e: {f: {g: {h: {i: {j: [1, 2, 3, 4, 5, 6, 7, 8]}}}}}}}}}}}")
	if _, err := rules(t, rule).Keep(live, live); err == nil || !strings.Contains(err.Error(), "jq expression") {
		t.Errorf("the error is %v", err)
	}
}

func TestARuleOfTheConfigMapThatCannotBeReadStopsTheComparison(t *testing.T) {
	t.Parallel()
	set := customization.Parse(map[string]string{
		"resource.customizations.ignoreDifferences.apps_Deployment": "jqPathExpressions: ['.a[']",
		"resource.customizations.ignoreDifferences.ConfigMap":       "jsonPointers: [/data]",
		"resource.compareoptions":                                   "ignoreAggregatedRoles: true",
	})
	all := difference.OfKinds(set.Differences)
	live := object(t, head+"{}}")
	_, err := all.Of(manifest.Key{Group: "apps", Kind: "Deployment", Name: "a"}).Same(live, live)
	if err == nil || !strings.Contains(err.Error(), "resource.customizations.ignoreDifferences.apps_Deployment") {
		t.Errorf("the error is %v", err)
	}
	if err := all.Of(manifest.Key{Kind: "ConfigMap", Name: "a"}).Fault(); err != nil {
		t.Errorf("another kind's rule has the fault %v", err)
	}
	role := "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: [%s]%s}"
	of := all.Of(manifest.Key{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "a"})
	for aggregation, want := range map[string]bool{"": false, ", aggregationRule: {}": true} {
		one := object(t, strings.Replace(strings.Replace(role, "%s", "", 1), "%s", aggregation, 1))
		other := object(t, strings.Replace(strings.Replace(role, "%s", "{verbs: [get]}", 1), "%s", aggregation, 1))
		if same, err := of.Same(one, other); err != nil || same != want {
			t.Errorf("with %q: same %t, %v", aggregation, same, err)
		}
	}
}
