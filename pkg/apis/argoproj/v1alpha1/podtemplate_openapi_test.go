// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestOpaqueTypesAreReferencesInOpenAPI(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ got, want string }{
		"a pod template refers to the core type": {
			v1alpha1.PodTemplateSpec{}.OpenAPIModelName(), corev1.PodTemplateSpec{}.OpenAPIModelName(),
		},
		"a Job's specification refers to the batch type": {
			v1alpha1.JobSpec{}.OpenAPIModelName(), batchv1.JobSpec{}.OpenAPIModelName(),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.got != tc.want {
				t.Errorf("model name %q, want %q", tc.got, tc.want)
			}
		})
	}
}

// TestContainersMergeByName owns fields of a typed Rollout as server-side apply does, with the part of the core schema
// that the reference leads to: a container is an item of its own, and no longer one opaque value.
func TestContainersMergeByName(t *testing.T) {
	t.Parallel()
	converter, err := managedfields.NewTypeConverter(rolloutSchemas(), false)
	if err != nil {
		t.Fatal(err)
	}
	var rollout v1alpha1.Rollout
	if err = json.Unmarshal(jsonOf(t, seedCanary), &rollout); err != nil {
		t.Fatal(err)
	}
	typedRollout, err := converter.ObjectToTyped(&rollout, typed.AllowDuplicates)
	if err != nil {
		t.Fatal(err)
	}
	owned, err := typedRollout.ToFieldSet()
	if err != nil {
		t.Fatal(err)
	}
	image := fieldpath.MakePathOrDie("spec", "template", "spec", "containers",
		fieldpath.KeyByFields("name", "guestbook"), "image")
	if !owned.Has(image) {
		t.Errorf("the image is not an owned field of its own; owned:\n%s", owned)
	}

	if diff := cmp.Diff(valueOf(t, jsonOf(t, seedCanary)), asJSON(t, typedRollout)); diff != "" {
		t.Errorf("the Rollout changed (-want +got):\n%s", diff)
	}
}

// asJSON returns a typed value as the value of its JSON text.
func asJSON(t *testing.T, object *typed.TypedValue) any {
	t.Helper()
	text, err := value.ToJSON(object.AsValue())
	if err != nil {
		t.Fatal(err)
	}
	return valueOf(t, text)
}

// rolloutSchemas returns the schema of a Rollout down to the containers of its template.
func rolloutSchemas() map[string]*spec.Schema {
	reference := spec.RefProperty("#/definitions/" + v1alpha1.PodTemplateSpec{}.OpenAPIModelName())
	rollout := objectOf(map[string]spec.Schema{
		"spec": *objectOf(map[string]spec.Schema{"template": *reference}),
	})
	gvk := v1alpha1.SchemeGroupVersion.WithKind("Rollout")
	rollout.AddExtension("x-kubernetes-group-version-kind", []any{gvkOf(gvk)})
	containers := spec.ArrayProperty(objectOf(map[string]spec.Schema{
		"name": *spec.StringProperty(), "image": *spec.StringProperty(),
	}))
	containers.AddExtension("x-kubernetes-list-type", "map")
	containers.AddExtension("x-kubernetes-list-map-keys", []any{"name"})
	return map[string]*spec.Schema{
		"io.argoproj.v1alpha1.Rollout": rollout,
		corev1.PodTemplateSpec{}.OpenAPIModelName(): objectOf(map[string]spec.Schema{
			"spec": *objectOf(map[string]spec.Schema{"containers": *containers}),
		}),
	}
}

// objectOf returns the schema of an object that keeps fields without a schema.
func objectOf(properties map[string]spec.Schema) *spec.Schema {
	object := &spec.Schema{SchemaProps: spec.SchemaProps{Type: spec.StringOrArray{"object"}, Properties: properties}}
	object.AddExtension("x-kubernetes-preserve-unknown-fields", true)
	return object
}

// gvkOf returns a kind as OpenAPI writes it.
func gvkOf(gvk schema.GroupVersionKind) map[string]any {
	return map[string]any{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind}
}

func TestUnstructuredConversionKeepsATemplate(t *testing.T) {
	t.Parallel()
	var rollout, back v1alpha1.Rollout
	if err := json.Unmarshal(jsonOf(t, canaryWithEveryStep), &rollout); err != nil {
		t.Fatal(err)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&rollout)
	if err != nil {
		t.Fatal(err)
	}
	if err = runtime.DefaultUnstructuredConverter.FromUnstructured(content, &back); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(&back)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(valueOf(t, jsonOf(t, canaryWithEveryStep)), valueOf(t, got)); diff != "" {
		t.Errorf("the Rollout changed (-want +got):\n%s", diff)
	}
}
