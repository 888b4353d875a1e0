// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// validateSpec requires what the schema of the peer's CustomResourceDefinition requires; every other fault is the
// controller's to report as a condition (as Argo Rollouts 1.9: manifests/crds/rollout-crd.yaml).
func validateSpec(spec *v1alpha1.RolloutSpec) field.ErrorList {
	var problems field.ErrorList
	path := field.NewPath("spec", "strategy")
	if blueGreen := spec.BlueGreen(); blueGreen != nil && blueGreen.ActiveService == "" {
		problems = append(problems,
			field.Required(path.Child("blueGreen", "activeService"), "name the Service of the active pods"))
	}
	if canary := spec.Canary(); canary != nil {
		for index := range canary.Steps {
			step := path.Child("canary", "steps").Index(index)
			problems = append(problems, validateStep(step, &canary.Steps[index])...)
		}
	}
	return problems
}

// validateStep requires a plugin's name, and the name and revision of an experiment's templates.
func validateStep(path *field.Path, step *v1alpha1.CanaryStep) field.ErrorList {
	var problems field.ErrorList
	if step.Plugin != nil && step.Plugin.Name == "" {
		problems = append(problems, field.Required(path.Child("plugin", "name"), "name the plugin to run"))
	}
	if step.Experiment == nil {
		return problems
	}
	templates := path.Child("experiment", "templates")
	if step.Experiment.Templates == nil {
		problems = append(problems, field.Required(templates, "list the revisions to run"))
	}
	for index, template := range step.Experiment.Templates {
		if template.Name == "" {
			problems = append(problems, field.Required(templates.Index(index).Child("name"), "name the template"))
		}
		if template.SpecRef == "" {
			problems = append(problems,
				field.Required(templates.Index(index).Child("specRef"), "choose the revision: canary or stable"))
		}
	}
	return problems
}
