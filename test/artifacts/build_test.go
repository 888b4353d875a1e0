// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package artifacts

import (
	"path/filepath"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// overlays are what a user can give to kubectl apply -k.
func overlays() []string { return []string{"base", "ha", "local"} }

// build returns the objects of an overlay, each decoded strictly into its own type.
func build(t *testing.T, overlay string) []runtime.Object {
	t.Helper()
	folder := filepath.Join("..", "..", "artifacts", "deploy", overlay)
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatalf("build %s: %v", overlay, err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{kubernetesscheme.AddToScheme, apiregistrationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	objects := make([]runtime.Object, 0, resources.Size())
	for _, resource := range resources.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatalf("%s: %v", resource.CurId(), err)
		}
		asJSON, err := yaml.YAMLToJSONStrict(text)
		if err != nil {
			t.Fatalf("%s: %v", resource.CurId(), err)
		}
		object, _, err := decoder.Decode(asJSON, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", resource.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects
}

// role is a Role or a ClusterRole.
type role struct {
	name  string
	rules []rbacv1.PolicyRule
}

// roles returns the roles of an overlay.
func roles(t *testing.T, overlay string) []role {
	t.Helper()
	var found []role
	for _, object := range build(t, overlay) {
		switch typed := object.(type) {
		case *rbacv1.ClusterRole:
			found = append(found, role{typed.Name, typed.Rules})
		case *rbacv1.Role:
			found = append(found, role{typed.Name, typed.Rules})
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s holds no role", overlay)
	}
	return found
}
