// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package appproject

import (
	"context"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// maxDescription is the longest description of a sync window, in characters, that the
// peer's CustomResourceDefinition accepts.
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

// Validate requires what the peer requires of a project; what only makes a rule useless is
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
	var problems field.ErrorList
	root := field.NewPath("spec")
	for i, window := range spec.SyncWindows {
		if utf8.RuneCountInString(window.Description) > maxDescription {
			at := root.Child("syncWindows").Index(i).Child("description")
			problems = append(problems, field.TooLong(at, "", maxDescription))
		}
	}
	for i, to := range spec.Destinations {
		if strings.TrimSpace(to.Server) == "!*" {
			problems = append(problems, field.Invalid(root.Child("destinations").Index(i).Child("server"), to.Server,
				"denies every cluster: remove the project's destinations instead"))
		}
		if strings.TrimSpace(to.Namespace) == "!*" {
			problems = append(problems, field.Invalid(root.Child("destinations").Index(i).Child("namespace"), to.Namespace,
				"denies every namespace: remove the project's destinations instead"))
		}
	}
	return problems
}
