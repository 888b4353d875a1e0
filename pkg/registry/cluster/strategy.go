// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// strategy decides what the main resource may change: everything but the status.
type strategy struct {
	registry.Strategy
	equality registry.Equality
}

// NamespaceScoped is false: a destination serves all namespaces.
func (strategy) NamespaceScoped() bool { return false }

// GetResetFields names the status, which the main resource ignores.
func (strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.ResetFields(v1alpha1.SchemeGroupVersion, fieldpath.MakePathOrDie("status"))
}

// PrepareForCreate drops the status and begins at generation 1.
func (strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	cluster := registry.As[*v1alpha1.Cluster](object)
	cluster.Status = v1alpha1.ClusterStatus{}
	cluster.Generation = 1
}

// PrepareForUpdate keeps the status and moves the generation with the spec.
func (s strategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	cluster, old := registry.As[*v1alpha1.Cluster](updated), registry.As[*v1alpha1.Cluster](current)
	cluster.Status = old.Status
	cluster.Generation = old.Generation
	if !registry.KeepSpec(s.equality, &cluster.Spec, &old.Spec) {
		cluster.Generation = old.Generation + 1
	}
}

// Validate requires a name, and all of a reference to a Secret.
func (strategy) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	cluster := registry.As[*v1alpha1.Cluster](object)
	return append(registry.ValidateName(cluster), validateSpec(&cluster.Spec)...)
}

// ValidateUpdate requires the same.
func (strategy) ValidateUpdate(_ context.Context, updated, _ runtime.Object) field.ErrorList {
	return validateSpec(&registry.As[*v1alpha1.Cluster](updated).Spec)
}

func validateSpec(spec *v1alpha1.ClusterSpec) field.ErrorList {
	var problems field.ErrorList
	root := field.NewPath("spec", "credentialsSecret")
	if secret := spec.CredentialsSecret; secret != nil {
		if secret.Name == "" {
			problems = append(problems, field.Required(root.Child("name"), "name the Secret"))
		}
		if secret.Namespace == "" {
			problems = append(problems, field.Required(root.Child("namespace"), "name the Secret's namespace"))
		}
	}
	return problems
}

// statusStrategy decides what /status may change: the status.
type statusStrategy struct{ strategy }

// GetResetFields names what the status surface ignores.
func (statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.StatusResetFields(v1alpha1.SchemeGroupVersion)
}

// PrepareForUpdate keeps the rest.
func (statusStrategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	cluster, old := registry.As[*v1alpha1.Cluster](updated), registry.As[*v1alpha1.Cluster](current)
	registry.KeepMetadata(cluster, old)
	cluster.Generation, cluster.Spec = old.Generation, old.Spec
}

// ValidateUpdate lets the server alone say which cluster answered: its UID decides what is production.
func (s statusStrategy) ValidateUpdate(ctx context.Context, updated, current runtime.Object) field.ErrorList {
	cluster, old := registry.As[*v1alpha1.Cluster](updated), registry.As[*v1alpha1.Cluster](current)
	if s.equality.Same(cluster.Status, old.Status) {
		return nil
	}
	return registry.OnlyOwn(ctx, "it is what the cluster itself answers")
}
