// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestPodTemplateSpecIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"fields of a newer Kubernetes":       `{"spec":{"containers":[{"name":"a","tomorrow":{"x":[1]}}],"later":true}}`,
		"a quantity that cannot be parsed":   limits("invalid"),
		"the author's order and explicit {}": `{"spec":{"nodeSelector":{},"containers":[]},"metadata":{}}`,
		"the author's way to write a number": `{"spec":{"containers":[{"resources":{"limits":{"cpu":1.50}}}]}}`,
		"an explicit null":                   `{"metadata":{"creationTimestamp":null},"spec":{"containers":null}}`,
		"an empty template":                  `{}`,
	}
	for name, template := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manifest := `{"spec":{"template":` + template + `}}`
			var rollout v1alpha1.Rollout
			if err := json.Unmarshal([]byte(manifest), &rollout); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(rollout.Spec)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(`{"template":`+template+`}`, string(got)); diff != "" {
				t.Errorf("the template changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAbsentTemplateAndSelectorStayAbsent(t *testing.T) {
	t.Parallel()
	for _, manifest := range []string{`{}`, `{"template":null,"selector":null}`} {
		var spec v1alpha1.RolloutSpec
		if err := json.Unmarshal([]byte(manifest), &spec); err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != `{}` {
			t.Errorf("%s became %s, want {}", manifest, got)
		}
		if _, err := spec.Template.Decode(); err == nil {
			t.Error("an absent template was decoded, want an error")
		}
	}
}

func TestDecodeOfATemplate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		template string
		fails    bool
		image    string
	}{
		"returns the typed template": {template: `{"spec":{"containers":[{"image":"a"}]}}`, image: "a"},
		"leaves out fields that it does not know": {
			template: `{"spec":{"containers":[{"image":"a","x":1}]}}`, image: "a",
		},
		"does not take a name in another case":           {template: `{"spec":{"containers":[{"Image":"a"}]}}`},
		"fails on a quantity that cannot be parsed":      {template: limits("invalid"), fails: true},
		"fails on a field of the wrong type":             {template: `{"spec":{"containers":{}}}`, fails: true},
		"fails on a template that is not even an object": {template: `"text"`, fails: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := v1alpha1.PodTemplateSpec{JSON: v1alpha1.JSON{Raw: []byte(tc.template)}}.Decode()
			if tc.fails != (err != nil) {
				t.Fatalf("Decode() error = %v, want an error: %v", err, tc.fails)
			}
			if err != nil {
				return
			}
			if image := got.Spec.Containers[0].Image; image != tc.image {
				t.Errorf("image = %q, want %q", image, tc.image)
			}
		})
	}
}

// limits returns a template with a memory limit.
func limits(memory string) string {
	return `{"spec":{"containers":[{"resources":{"limits":{"memory":"` + memory + `"}}}]}}`
}

func TestTypedValuesSurviveTheOpaqueForm(t *testing.T) {
	t.Parallel()
	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "b"}}}}
	var opaque v1alpha1.PodTemplateSpec
	if err := opaque.SetTemplate(template); err != nil {
		t.Fatal(err)
	}
	decoded, err := opaque.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(template, decoded); diff != "" {
		t.Errorf("the template changed (-want +got):\n%s", diff)
	}

	job := &batchv1.JobSpec{Template: *template}
	spec, err := v1alpha1.NewJobSpec(job)
	if err != nil {
		t.Fatal(err)
	}
	decodedJob, err := spec.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(job, decodedJob); diff != "" {
		t.Errorf("the job changed (-want +got):\n%s", diff)
	}
}
