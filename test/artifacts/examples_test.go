// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package artifacts

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/install"
)

func TestExamplesHoldNoUnknownField(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"*.yaml", "reviews/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "artifacts", "examples", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("there are no examples %s (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	scheme := install.NewVersionedScheme()
	if err := kubernetesscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			for _, document := range documents(t, file) {
				if _, _, err := decoder.Decode(document, nil, nil); err != nil {
					t.Errorf("%s\n%v", document, err)
				}
			}
		})
	}
}

// documents returns the objects of a YAML file as JSON.
func documents(t *testing.T, file string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found [][]byte
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		asJSON, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			t.Fatal(err)
		}
		if string(asJSON) != "null" {
			found = append(found, asJSON)
		}
	}
}
