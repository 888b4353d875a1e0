// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package appproject

import (
	"context"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// maxDescription is the longest description of a project, in characters, that the peer's CustomResourceDefinition
// accepts (as Argo CD 3.5: manifests/crds/appproject-crd.yaml).
const maxDescription = 255

// strategy decides what a write changes: everything, for the kind has no status of its own
// writer (as Argo CD 3.6: its server writes status.jwtTokensByRole through the main resource).
type strategy struct {
	registry.Strategy
	equality registry.Equality
}

// PrepareForCreate begins at generation 1.
func (strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	registry.As[*v1alpha1.AppProject](object).Generation = 1
}

// PrepareForUpdate moves the generation with the spec.
func (s strategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	project, old := registry.As[*v1alpha1.AppProject](updated), registry.As[*v1alpha1.AppProject](current)
	project.Generation = old.Generation
	if !registry.KeepSpec(s.equality, &project.Spec, &old.Spec) {
		project.Generation = old.Generation + 1
	}
}

// Validate requires what the schema of the peer's CustomResourceDefinition requires; a rule that permits nothing is
// accepted.
func (strategy) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	project := registry.As[*v1alpha1.AppProject](object)
	return append(registry.ValidateName(project), validateSpec(&project.Spec)...)
}

// ValidateUpdate requires the same of a spec that changes.
func (strategy) ValidateUpdate(_ context.Context, updated, current runtime.Object) field.ErrorList {
	project, old := registry.As[*v1alpha1.AppProject](updated), registry.As[*v1alpha1.AppProject](current)
	if project.Generation == old.Generation {
		return nil
	}
	return validateSpec(&project.Spec)
}

func validateSpec(spec *v1alpha1.AppProjectSpec) field.ErrorList {
	if utf8.RuneCountInString(spec.Description) <= maxDescription {
		return nil
	}
	return field.ErrorList{field.TooLong(field.NewPath("spec", "description"), "", maxDescription)}
}
