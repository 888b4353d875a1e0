// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

func TestTheServerTakesTheExamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resources, err := restmapper.GetAPIGroupResources(clientOf(t, w.Config).Discovery())
	must(t, err)
	mapper := restmapper.NewDiscoveryRESTMapper(resources)
	client, err := dynamic.NewForConfig(w.As(admin))
	must(t, err)
	paths, err := filepath.Glob(filepath.Join("..", "..", "artifacts", "examples", "*.yaml"))
	must(t, err)
	taken := map[string]bool{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		for documents := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), len(text)); ; {
			example := &unstructured.Unstructured{}
			err := documents.Decode(&example.Object)
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			kind := example.GroupVersionKind()
			if kind.Group != v1alpha1.GroupName && kind.Group != capstanv1alpha1.GroupName {
				continue // The host cluster takes it.
			}
			mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
			must(t, err)
			namespace := example.GetNamespace()
			if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
				namespace = cmp.Or(namespace, metav1.NamespaceDefault)
			}
			_, err = client.Resource(mapping.Resource).Namespace(namespace).Create(t.Context(), example,
				metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
			if err != nil {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
			taken[kind.Kind] = true
		}
	}
	for _, kind := range []string{"Cluster", "PromotionPolicy", "Application"} {
		if !taken[kind] {
			t.Errorf("there is no example of %s", kind)
		}
	}
}
