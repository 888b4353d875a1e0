// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

const password = "correct \"horse\"\n"

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func secret(fields map[string]any) *unstructured.Unstructured {
	object := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s"}}
	for key, value := range fields {
		object[key] = value
	}
	return &unstructured.Unstructured{Object: object}
}

func TestMaskedSecretsShowWhatDiffersAndNothingElse(t *testing.T) {
	t.Parallel()
	live := secret(map[string]any{"data": map[string]any{
		"same": encode("one"), "changed": encode("two"), "empty": "", "broken": "%%%",
	}})
	next := secret(map[string]any{
		"data":       map[string]any{"same": encode("one"), "changed": encode("three"), "broken": "%%%"},
		"stringData": map[string]any{"plain": "one"},
	})
	manifest.Mask(live, next)
	value := func(object *unstructured.Unstructured, fields ...string) string {
		text, found, err := unstructured.NestedString(object.Object, fields...)
		if err != nil || !found {
			t.Fatalf("%v: %v, found: %t", fields, err, found)
		}
		if strings.Trim(text, "+") != "" || len(text) < 8 {
			t.Errorf("%v is no mask: %q", fields, text)
		}
		return text
	}
	if value(live, "data", "same") != value(next, "data", "same") {
		t.Error("equal values have different masks")
	}
	if value(live, "data", "changed") == value(next, "data", "changed") {
		t.Error("different values have equal masks")
	}
	if value(next, "stringData", "plain") != value(live, "data", "same") {
		t.Error("a value has another mask where it is not encoded")
	}
	if value(live, "data", "broken") != value(next, "data", "broken") {
		t.Error("equal values that are not encoded rightly have different masks")
	}
	value(live, "data", "empty")
}

func TestNothingOfASecretIsReadAfterMasking(t *testing.T) {
	t.Parallel()
	trimmed := strings.TrimSpace(password)
	quoted, err := json.Marshal(map[string]string{"password": trimmed})
	if err != nil {
		t.Fatal(err)
	}
	for name, metadata := range map[string]map[string]any{
		"an annotation with the plain value":             {"annotations": map[string]any{"a": "user:" + trimmed}},
		"an annotation with the encoded value":           {"annotations": map[string]any{"a": "x " + encode(password)}},
		"an annotation with the value, encoded anew":     {"annotations": map[string]any{"a": encode(trimmed)}},
		"an annotation with an encoding of more":         {"annotations": map[string]any{"a": encode("user:" + trimmed)}},
		"an annotation with the value in JSON":           {"annotations": map[string]any{"a": string(quoted)}},
		"an annotation with an URL encoding":             {"annotations": map[string]any{"a": base64.RawURLEncoding.EncodeToString([]byte(password))}},
		"an annotation that is no text":                  {"annotations": map[string]any{"a": map[string]any{"b": trimmed}}},
		"annotations that are no map":                    {"annotations": []any{trimmed}},
		"a label":                                        {"labels": map[string]any{"a": encode(trimmed)}},
		"the last applied configuration":                 {"annotations": map[string]any{"kubectl.kubernetes.io/last-applied-configuration": "{}" + trimmed}},
		"the last applied configuration beside a number": {"annotations": map[string]any{"kubectl.kubernetes.io/last-applied-configuration": trimmed, "n": int64(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := secret(map[string]any{"metadata": metadata, "data": map[string]any{"password": encode(password)}})
			manifest.Mask(object)
			verifyHidden(t, object, trimmed)
		})
	}
	for name, fields := range map[string]map[string]any{
		"data that is no map":       {"data": password},
		"data that is a list":       {"stringData": []any{password}},
		"a value that is no text":   {"stringData": map[string]any{"a": map[string]any{"b": password}}},
		"a value encoded wrongly":   {"data": map[string]any{"a": password}},
		"a value beside a null one": {"data": map[string]any{"a": nil, "b": encode(password)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := secret(fields)
			manifest.Mask(object, nil)
			verifyHidden(t, object, strings.TrimSpace(password))
		})
	}
}

func verifyHidden(t *testing.T, object *unstructured.Unstructured, plain string) {
	t.Helper()
	raw, err := json.Marshal(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	// The first letters of an encoding do not depend on what follows.
	encoded := strings.TrimRight(encode(plain), "=")
	for _, form := range []string{plain, strings.Trim(string(quoted), `"`), encoded[:len(encoded)-2], "horse"} {
		if strings.Contains(string(raw), form) {
			t.Errorf("%q can be read in %s", form, raw)
		}
	}
}

func TestMaskLeavesTheRestAsItIs(t *testing.T) {
	t.Parallel()
	object := secret(map[string]any{
		"metadata": map[string]any{"name": "s", "annotations": map[string]any{"note": "kept"}},
		"type":     "Opaque", "data": map[string]any{"password": encode(password)},
	})
	manifest.Mask(object)
	if note := object.GetAnnotations()["note"]; note != "kept" {
		t.Errorf("an annotation that repeats nothing became %q", note)
	}
	other := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "s"},
		"data": map[string]any{"password": password},
	}}
	manifest.Mask(object, other)
	if value, _, err := unstructured.NestedString(other.Object, "data", "password"); err != nil || value != password {
		t.Errorf("a ConfigMap was masked: %q, %v", value, err)
	}
}

func TestDifferentAnnotationsHaveDifferentMasks(t *testing.T) {
	t.Parallel()
	make := func(annotation string) *unstructured.Unstructured {
		return secret(map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{"a": annotation}},
			"data":     map[string]any{"password": encode("hunter2")},
		})
	}
	live, next := make("hunter2 for a"), make("hunter2 for b")
	manifest.Mask(live, next)
	if live.GetAnnotations()["a"] == next.GetAnnotations()["a"] {
		t.Error("a difference between two masked annotations cannot be seen")
	}
}
