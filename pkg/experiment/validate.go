// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Validate returns the first thing for which an Experiment cannot be carried out, nil where there is none. Whether the
// pods themselves are valid is the cluster's to say.
func Validate(experiment *v1alpha1.Experiment) error {
	spec, path := &experiment.Spec, field.NewPath("spec")
	problems := validateTimes(spec, path)
	problems = append(problems, validateTemplates(spec, path.Child("templates"))...)
	problems = append(problems, validateAnalyses(spec, path.Child("analyses"))...)
	if len(problems) > 0 {
		return problems[0]
	}
	return nil
}

func validateTimes(spec *v1alpha1.ExperimentSpec, path *field.Path) field.ErrorList {
	var problems field.ErrorList
	if spec.Duration != "" {
		if duration, err := spec.Duration.Duration(); err != nil || duration < 0 {
			problems = append(problems, field.Invalid(path.Child("duration"), spec.Duration,
				"write a duration such as 30s, 5m or 1h"))
		}
	}
	for name, value := range map[string]*int32{
		"progressDeadlineSeconds": spec.ProgressDeadlineSeconds, "scaleDownDelaySeconds": spec.ScaleDownDelaySeconds,
	} {
		if ptr.Deref(value, 0) < 0 {
			problems = append(problems, field.Invalid(path.Child(name), *value, "must be greater than or equal to 0"))
		}
	}
	return problems
}

func validateTemplates(spec *v1alpha1.ExperimentSpec, path *field.Path) field.ErrorList {
	if len(spec.Templates) == 0 {
		return field.ErrorList{field.Required(path, "say what to run")}
	}
	names, services := map[string]bool{}, map[string]bool{}
	var problems field.ErrorList
	for i := range spec.Templates {
		template, at := &spec.Templates[i], path.Index(i)
		switch {
		case template.Name == "":
			problems = append(problems, field.Required(at.Child("name"), "a ReplicaSet is called by it"))
		case names[template.Name]:
			problems = append(problems, field.Duplicate(at.Child("name"), template.Name))
		}
		names[template.Name] = true
		problems = append(problems, validateTemplate(spec, template, at)...)
		if template.Service == nil || template.Service.Name == "" {
			continue
		}
		if services[template.Service.Name] {
			problems = append(problems, field.Duplicate(at.Child("service", "name"), template.Service.Name))
		}
		services[template.Service.Name] = true
	}
	return problems
}

func validateTemplate(
	spec *v1alpha1.ExperimentSpec, template *v1alpha1.TemplateSpec, path *field.Path,
) field.ErrorList {
	if ptr.Deref(template.Replicas, 0) < 0 {
		return field.ErrorList{field.Invalid(path.Child("replicas"), *template.Replicas,
			"must be greater than or equal to 0")}
	}
	ready := ptr.Deref(template.MinReadySeconds, 0)
	if ready < 0 || ready > ptr.Deref(spec.ProgressDeadlineSeconds, defaultProgressDeadline) {
		return field.ErrorList{field.Invalid(path.Child("minReadySeconds"), ready,
			"must be between 0 and progressDeadlineSeconds")}
	}
	pods, err := template.Template.Decode()
	if err != nil {
		return field.ErrorList{field.Invalid(path.Child("template"), field.OmitValueType{}, err.Error())}
	}
	if template.Service != nil && len(portsOf(&pods.Spec)) == 0 {
		return field.ErrorList{field.Invalid(path.Child("service"), field.OmitValueType{},
			"the containers of the template declare no ports: a Service needs one")}
	}
	if template.Selector == nil {
		return field.ErrorList{field.Required(path.Child("selector"), "say which pods are the template's")}
	}
	// The hash is ours to set, in both.
	wanted := template.Selector.DeepCopy()
	delete(wanted.MatchLabels, v1alpha1.LabelPodTemplateHash)
	selector, err := metav1.LabelSelectorAsSelector(wanted)
	if err != nil {
		return field.ErrorList{field.Invalid(path.Child("selector"), field.OmitValueType{}, err.Error())}
	}
	if selector.Empty() {
		return field.ErrorList{field.Invalid(path.Child("selector"), field.OmitValueType{},
			"it selects all pods: a non-empty selector is required")}
	}
	if !selector.Matches(labels.Set(pods.Labels)) {
		return field.ErrorList{field.Invalid(path.Child("template", "metadata", "labels"), pods.Labels,
			"`selector` does not match template `labels`")}
	}
	return nil
}

func validateAnalyses(spec *v1alpha1.ExperimentSpec, path *field.Path) field.ErrorList {
	names := map[string]bool{}
	var problems field.ErrorList
	for i, analysis := range spec.Analyses {
		switch {
		case analysis.Name == "":
			problems = append(problems, field.Required(path.Index(i).Child("name"), "an AnalysisRun is called by it"))
		case analysis.TemplateName == "":
			problems = append(problems, field.Required(path.Index(i).Child("templateName"),
				fmt.Sprintf("say what the analysis %q measures", analysis.Name)))
		case names[analysis.Name]:
			problems = append(problems, field.Duplicate(path.Index(i).Child("name"), analysis.Name))
		}
		names[analysis.Name] = true
	}
	return problems
}
