// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"sigs.k8s.io/yaml"
)

// Kind is a kind of a peer, as its CustomResourceDefinition describes it.
type Kind struct {
	// Name is the name of the kind, and Plural that of its resource.
	Name, Plural string
	// Namespaced says that its objects live in namespaces.
	Namespaced bool
	// Schema describes its objects.
	Schema *apiextensions.JSONSchemaProps

	structural *structuralschema.Structural
	validator  validation.SchemaValidator
}

// Kinds returns the kinds of the peers by their names.
func Kinds(t testing.TB) map[string]*Kind {
	t.Helper()
	kinds := map[string]*Kind{}
	for _, dir := range Modules(t) {
		files, err := filepath.Glob(filepath.Join(dir, "manifests", "crds", "*-crd.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s holds no CustomResourceDefinition (%v)", dir, err)
		}
		for _, file := range files {
			kind, err := read(file)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			kinds[kind.Name] = kind
		}
	}
	return kinds
}

func read(file string) (*Kind, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err = yaml.Unmarshal(text, &definition); err != nil {
		return nil, err
	}
	versions := definition.Spec.Versions
	if len(versions) != 1 || versions[0].Schema == nil {
		return nil, fmt.Errorf("it has %d versions, not the one that is served", len(versions))
	}
	props := &apiextensions.JSONSchemaProps{}
	err = apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		versions[0].Schema.OpenAPIV3Schema, props, nil)
	if err != nil {
		return nil, err
	}
	kind := &Kind{
		Name:       definition.Spec.Names.Kind,
		Plural:     definition.Spec.Names.Plural,
		Namespaced: definition.Spec.Scope == apiextensionsv1.NamespaceScoped,
		Schema:     props,
	}
	for _, path := range opaque(kind.Name) {
		open(props, path)
	}
	withoutDefaults(props)
	if kind.structural, err = structuralschema.NewStructural(props); err != nil {
		return nil, err
	}
	kind.validator, _, err = validation.NewSchemaValidator(props)
	return kind, err
}
