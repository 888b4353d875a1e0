// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

func TestSame(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		left, right string
		want        bool
	}{
		"two texts that are equal": {`{template: {a: 1}}`, `{template: {a: 1}}`, true},
		"keys in another order": {
			`{"template":{"a":1,"b":[{}]}}`,
			`{"template":{"b":[{}],"a":1}}`, true,
		},
		"a number spelled in another way": {`{"template":{"a":1.0,"b":1e1}}`, `{"template":{"a":1,"b":10}}`, true},
		"another number":                  {`{"template":{"a":1.5}}`, `{"template":{"a":1}}`, false},
		"two large numbers that differ by 1": {
			`{"template":{"a":9007199254740993}}`,
			`{"template":{"a":9007199254740992}}`, false,
		},
		"a number and a text":             {`{"template":{"a":1}}`, `{"template":{"a":"1"}}`, false},
		"lists in another order":          {`{"template":{"a":[1,2]}}`, `{"template":{"a":[2,1]}}`, false},
		"an explicit null":                {`{"template":{"a":null}}`, `{"template":{}}`, false},
		"an absent and an empty template": {`{}`, `{template: {}}`, false},
		"an absent and an empty list": {
			`{strategy: {canary: {}}}`,
			`{strategy: {canary: {steps: []}}}`, false,
		},
		"an absent number and an explicit zero": {`{}`, `{replicas: 0}`, false},
		"one instant in two time zones": {
			`{restartAt: "2026-01-01T02:00:00+02:00"}`,
			`{restartAt: "2026-01-01T00:00:00Z"}`, true,
		},
		"two instants": {
			`{restartAt: "2026-01-01T00:00:00Z"}`,
			`{restartAt: "2026-01-01T00:00:01Z"}`, false,
		},
		"the configuration of another plugin":    {plugin(`{"a":1}`), plugin(`{"a":2}`), false},
		"the same configuration, reordered keys": {plugin(`{"a":1,"b":2}`), plugin(`{"b":2,"a":1}`), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left, right := specOf(t, tc.left), specOf(t, tc.right)
			equality := registry.NewEquality()
			if got := equality.Same(left, right); got != tc.want {
				t.Errorf("Same() = %v, want %v", got, tc.want)
			}
			if got := equality.Same(right, left); got != tc.want {
				t.Errorf("Same() the other way round = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestSameTakesATextThatIsNoJSONAsItIs(t *testing.T) {
	t.Parallel()
	broken := v1alpha1.JSON{Raw: []byte("{")}
	equality := registry.NewEquality()
	if !equality.Same(broken, broken) {
		t.Error("a text differs from itself")
	}
	if equality.Same(broken, v1alpha1.JSON{Raw: []byte("{{")}) {
		t.Error("two texts that are no JSON are the same")
	}
}

func TestKeepSpecKeepsTheStoredText(t *testing.T) {
	t.Parallel()
	current := specOf(t, `{"template":{"a":1,"b":2}}`)
	updated := specOf(t, `{"template":{"b":2,"a":1}}`)
	if !registry.KeepSpec(registry.NewEquality(), &updated, &current) {
		t.Fatal("a reordered template counts as a change")
	}
	if got, want := string(updated.Template.Raw), string(current.Template.Raw); got != want {
		t.Errorf("template %s, want the stored %s", got, want)
	}
	changed := specOf(t, `{"template":{"b":3,"a":1}}`)
	if registry.KeepSpec(registry.NewEquality(), &changed, &current) {
		t.Error("a changed template counts as no change")
	}
}

// plugin returns the specification of a Rollout with the configuration of a router plugin.
func plugin(configuration string) string {
	return `{"strategy":{"canary":{"trafficRouting":{"plugins":{"org/router":` + configuration + `}}}}}`
}

// specOf returns the specification of a Rollout.
func specOf(t *testing.T, text string) v1alpha1.RolloutSpec {
	t.Helper()
	return registrytest.Decode(t, `{"spec":`+text+`}`, &v1alpha1.Rollout{}).Spec
}

func TestKeepMetadataKeepsWhatUsersWrite(t *testing.T) {
	t.Parallel()
	current := &metav1.ObjectMeta{Labels: map[string]string{"a": "b"}, Finalizers: []string{"keep"}}
	updated := &metav1.ObjectMeta{
		ResourceVersion: "7", Annotations: map[string]string{"new": ""},
		OwnerReferences: []metav1.OwnerReference{{Name: "new"}},
	}
	registry.KeepMetadata(updated, current)
	if updated.Labels["a"] != "b" || len(updated.Finalizers) != 1 {
		t.Errorf("labels %v and finalizers %v were lost", updated.Labels, updated.Finalizers)
	}
	if len(updated.Annotations) != 0 || len(updated.OwnerReferences) != 0 {
		t.Errorf("annotations %v and owners %v were added", updated.Annotations, updated.OwnerReferences)
	}
	if updated.ResourceVersion != "7" {
		t.Errorf("the resource version of the request was lost, so that no conflict would be seen")
	}
}

func TestValidateName(t *testing.T) {
	t.Parallel()
	cases := map[string]int{"guestbook": 0, "guestbook.v1": 0, "Guestbook": 1, "guest_book": 1, "": 1}
	for name, want := range cases {
		if got := registry.ValidateName(&metav1.ObjectMeta{Name: name}); len(got) != want {
			t.Errorf("name %q: %v, want %d problems", name, got, want)
		}
	}
}
