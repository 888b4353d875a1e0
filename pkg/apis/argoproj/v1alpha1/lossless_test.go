// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Each file of testdata/lossless is named by the sentence that it proves.
func TestAnObjectReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/lossless/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".yaml"), "-", " ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			written := values(t, text)
			object := decode(t, written["kind"], text)
			for how, got := range map[string]map[string]any{
				"as JSON":         encoded(t, object),
				"as a copy":       encoded(t, object.DeepCopyObject()),
				"as unstructured": converted(t, object),
			} {
				if diff := cmp.Diff(written, got); diff != "" {
					t.Errorf("read back %s (-written +got):\n%s", how, diff)
				}
			}
		})
	}
}

func values(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func decode(t *testing.T, kind any, text []byte) runtime.Object {
	t.Helper()
	name, ok := kind.(string)
	if !ok {
		t.Fatalf("kind is %v", kind)
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	object, err := scheme.New(v1alpha1.SchemeGroupVersion.WithKind(name))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(toJSON(t, text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(object); err != nil {
		t.Fatal(err)
	}
	return object
}

func encoded(t *testing.T, object runtime.Object) map[string]any {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return values(t, text)
}

func converted(t *testing.T, object runtime.Object) map[string]any {
	t.Helper()
	value, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return values(t, text)
}

func toJSON(t *testing.T, text []byte) []byte {
	t.Helper()
	value, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
