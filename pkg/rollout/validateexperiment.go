// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// validateExperiment says why the Experiment of a step cannot be made.
func validateExperiment(rollout *v1alpha1.Rollout, index int, path *field.Path) field.ErrorList {
	step := rollout.Spec.Canary().Steps[index].Experiment
	if len(step.Templates) == 0 {
		return field.ErrorList{field.Required(path.Child("templates"), "say what to run")}
	}
	var problems field.ErrorList
	if step.Duration != "" {
		if duration, err := step.Duration.Duration(); err != nil || duration < 0 {
			problems = append(problems, field.Invalid(path.Child("duration"), step.Duration,
				"write a duration such as 30s, 5m or 1h"))
		}
	}
	names := map[string]bool{}
	for i := range step.Templates {
		template, at := &step.Templates[i], path.Child("templates").Index(i)
		switch {
		case template.Name == "":
			problems = append(problems, field.Required(at.Child("name"), "a ReplicaSet is called by it"))
		case names[template.Name]:
			problems = append(problems, field.Duplicate(at.Child("name"), template.Name))
		case template.SpecRef != v1alpha1.CanarySpecRef && template.SpecRef != v1alpha1.StableSpecRef:
			problems = append(problems, field.NotSupported(at.Child("specRef"), template.SpecRef,
				[]v1alpha1.ReplicaSetSpecRef{v1alpha1.CanarySpecRef, v1alpha1.StableSpecRef}))
		}
		names[template.Name] = true
	}
	clear(names)
	for i, analysis := range step.Analyses {
		at := path.Child("analyses").Index(i).Child("name")
		switch {
		case analysis.Name == "":
			problems = append(problems, field.Required(at, "an AnalysisRun is called by it"))
		case names[analysis.Name]:
			problems = append(problems, field.Duplicate(at, analysis.Name))
		}
		names[analysis.Name] = true
	}
	return append(problems, validateWeights(rollout, index, path.Child("templates"))...)
}

// validateWeights requires routers that can split the traffic to the Services of an Experiment, and a share for each.
func validateWeights(rollout *v1alpha1.Rollout, index int, path *field.Path) field.ErrorList {
	steps := rollout.Spec.Canary().Steps
	left := int64(maxWeight(rollout) - weightAt(steps, index))
	for i, template := range steps[index].Experiment.Templates {
		if template.Weight == nil {
			continue
		}
		at := path.Index(i).Child("weight")
		if !routed(rollout) {
			return field.ErrorList{field.Invalid(at, *template.Weight,
				"Experiment template weight cannot be set unless TrafficRouting is enabled")}
		}
		if err := traffic.Shared(rollout); err != nil {
			return field.ErrorList{field.Invalid(at, *template.Weight, err.Error())}
		}
		left -= int64(*template.Weight)
		if *template.Weight < 0 || left < 0 {
			return field.ErrorList{field.Invalid(at, *template.Weight, fmt.Sprintf(
				"must not be below 0, and all weights of the step not above %d together", maxWeight(rollout)))}
		}
	}
	return nil
}
