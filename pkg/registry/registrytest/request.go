// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"sigs.k8s.io/yaml"
)

// Namespace is the namespace of Context.
const Namespace = "default"

// Context returns the context of a request for a namespaced kind.
func Context(t *testing.T) context.Context {
	t.Helper()
	return genericapirequest.WithNamespace(t.Context(), Namespace)
}

// ClusterContext returns the context of a request for a kind of the whole cluster.
func ClusterContext(t *testing.T) context.Context {
	t.Helper()
	return genericapirequest.WithNamespace(t.Context(), "")
}

// Decode reads a manifest into an object and returns the object.
func Decode[T runtime.Object](t *testing.T, manifest string, into T) T {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(manifest), into); err != nil {
		t.Fatalf("decode %s: %v", manifest, err)
	}
	return into
}

// Fields returns the names of the fields that a list of errors complains about, nil where there are none.
func Fields(problems field.ErrorList) []string {
	var names []string
	for _, problem := range problems {
		names = append(names, problem.Field)
	}
	return names
}
