// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// validateSpec requires a list of templates, which may be empty, and what makes each of them one; every other fault is
// the controller's to report as a condition.
func validateSpec(spec *v1alpha1.ExperimentSpec) field.ErrorList {
	templates := field.NewPath("spec", "templates")
	if spec.Templates == nil {
		return field.ErrorList{field.Required(templates, "list the pod templates to run")}
	}
	var problems field.ErrorList
	for index := range spec.Templates {
		template, path := &spec.Templates[index], templates.Index(index)
		if template.Name == "" {
			problems = append(problems, field.Required(path.Child("name"), "name the template"))
		}
		if template.Selector == nil {
			problems = append(problems, field.Required(path.Child("selector"), "select the template's pods"))
		}
		if len(template.Template.Raw) == 0 {
			problems = append(problems, field.Required(path.Child("template"), "describe the pods"))
		}
	}
	return problems
}
