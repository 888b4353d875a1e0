// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// syncPath is the pattern of the peer's CustomResourceDefinition for a hydrated path.
const syncPath = `^.{2,}|[^./]$`

// validate requires what the peer's CustomResourceDefinition does, and no more.
func validate(app *v1alpha1.Application) field.ErrorList {
	problems := registry.ValidateName(app)
	if hydrator := app.Spec.SourceHydrator; hydrator != nil {
		path := hydrator.SyncSource.Path
		at := field.NewPath("spec", "sourceHydrator", "syncSource", "path")
		if !regexp.MustCompile(syncPath).MatchString(path) {
			problems = append(problems, field.Invalid(at, path, "must be a path inside the repository, and not its root"))
		}
	}
	return problems
}
