// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Validate returns the first thing for which a Rollout cannot be carried out, nil where there is none. Whether the pods
// themselves are valid is the cluster's to say.
func Validate(rollout *v1alpha1.Rollout, services map[string]*corev1.Service) error {
	spec := field.NewPath("spec")
	problems := validateNumbers(&rollout.Spec, spec)
	problems = append(problems, validateSelector(rollout, spec)...)
	problems = append(problems, validateStrategy(rollout, spec.Child("strategy"))...)
	problems = append(problems, validateRoles(rollout, spec.Child("strategy"))...)
	if len(problems) > 0 {
		return problems[0]
	}
	return validateServices(rollout, services)
}

func validateNumbers(spec *v1alpha1.RolloutSpec, path *field.Path) field.ErrorList {
	var problems field.ErrorList
	for _, number := range []struct {
		name  string
		value *int32
	}{
		{"replicas", spec.Replicas}, {"minReadySeconds", spec.MinReadySeconds},
		{"revisionHistoryLimit", spec.RevisionHistoryLimit}, {"progressDeadlineSeconds", spec.ProgressDeadlineSeconds},
	} {
		if or(number.value, 0) < 0 {
			problems = append(problems,
				field.Invalid(path.Child(number.name), *number.value, "must be greater than or equal to 0"))
		}
	}
	if deadline := or(spec.ProgressDeadlineSeconds, defaultProgressDeadline); deadline <= or(spec.MinReadySeconds, 0) {
		problems = append(problems,
			field.Invalid(path.Child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds"))
	}
	return problems
}

func validateSelector(rollout *v1alpha1.Rollout, path *field.Path) field.ErrorList {
	if rollout.Spec.Selector == nil {
		return field.ErrorList{field.Required(path.Child("selector"), "say which pods are the Rollout's")}
	}
	selector, err := metav1.LabelSelectorAsSelector(rollout.Spec.Selector)
	if err != nil {
		return field.ErrorList{field.Invalid(path.Child("selector"), rollout.Spec.Selector, err.Error())}
	}
	if selector.Empty() {
		return field.ErrorList{field.Invalid(
			path.Child("selector"), rollout.Spec.Selector, "empty selector is invalid for deployment")}
	}
	template, err := rollout.Spec.Template.Decode()
	if err != nil {
		return field.ErrorList{field.Invalid(path.Child("template"), field.OmitValueType{}, err.Error())}
	}
	if !selector.Matches(labels.Set(template.Labels)) {
		return field.ErrorList{field.Invalid(path.Child("template", "metadata", "labels"), template.Labels,
			"`selector` does not match template `labels`")}
	}
	return nil
}

func validateStrategy(rollout *v1alpha1.Rollout, path *field.Path) field.ErrorList {
	canary, blueGreen := rollout.Spec.Canary(), rollout.Spec.BlueGreen()
	switch {
	case canary == nil && blueGreen == nil:
		return field.ErrorList{field.Required(path,
			"Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'")}
	case canary != nil && blueGreen != nil:
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, "Multiple Strategies can not be listed")}
	case blueGreen != nil:
		return validateBlueGreen(rollout, path.Child("blueGreen"))
	default:
		return validateCanary(rollout, path.Child("canary"))
	}
}

func validateBlueGreen(rollout *v1alpha1.Rollout, path *field.Path) field.ErrorList {
	spec := rollout.Spec.BlueGreen()
	var problems field.ErrorList
	if spec.ActiveService == spec.PreviewService {
		problems = append(problems, field.Invalid(path.Child("activeService"), spec.ActiveService, "This rollout uses "+
			"the same service for the active and preview services, but two different services are required."))
	}
	if _, err := share(spec.MaxUnavailable, 1, false); err != nil {
		problems = append(problems, field.Invalid(path.Child("maxUnavailable"), spec.MaxUnavailable.String(), err.Error()))
	}
	return append(problems, validateLimit(rollout, spec.ScaleDownDelayRevisionLimit, path)...)
}

// validateLimit requires that what stays up for a while is not removed as history before.
func validateLimit(rollout *v1alpha1.Rollout, limit *int32, path *field.Path) field.ErrorList {
	if limit == nil || int(*limit) <= HistoryLimit(rollout) {
		return nil
	}
	return field.ErrorList{field.Invalid(path.Child("scaleDownDelayRevisionLimit"), *limit,
		"This rollout's revision history limit can not be smaller than the rollout's scale down delay revision limit")}
}

func validateCanary(rollout *v1alpha1.Rollout, path *field.Path) field.ErrorList {
	spec := rollout.Spec.Canary()
	problems := validateShares(spec, path)
	if spec.CanaryService != "" && spec.CanaryService == spec.StableService {
		problems = append(problems, field.Invalid(path.Child("stableService"), spec.StableService, "This rollout uses "+
			"the same service for the stable and canary services, but two different services are required."))
	}
	if ping := spec.PingPong; ping != nil && (ping.PingService == "" || ping.PingService == ping.PongService) {
		problems = append(problems, field.Invalid(path.Child("pingPong"), field.OmitValueType{},
			"name two different Services, pingService and pongService"))
	}
	if !routed(rollout) {
		problems = append(problems, validateUnrouted(spec, path)...)
	}
	if dynamic(rollout) && spec.ScaleDownDelaySeconds != nil {
		problems = append(problems, field.Invalid(path.Child("scaleDownDelaySeconds"), *spec.ScaleDownDelaySeconds,
			"Canary dynamicStableScale can not be used with scaleDownDelaySeconds"))
	}
	problems = append(problems, validateLimit(rollout, spec.ScaleDownDelayRevisionLimit, path)...)
	for i := range spec.Steps {
		problems = append(problems, validateStep(rollout, i, path.Child("steps").Index(i))...)
	}
	return problems
}

// validateUnrouted refuses what only routers can do.
func validateUnrouted(spec *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	var problems field.ErrorList
	if or(spec.DynamicStableScale, false) {
		problems = append(problems, field.Invalid(path.Child("dynamicStableScale"), true,
			"Canary dynamicStableScale can only be used with traffic routing"))
	}
	if spec.ScaleDownDelaySeconds != nil {
		problems = append(problems, field.Invalid(path.Child("scaleDownDelaySeconds"), *spec.ScaleDownDelaySeconds,
			"Canary scaleDownDelaySeconds can only be used with traffic routing"))
	}
	return problems
}

func validateShares(spec *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	var problems field.ErrorList
	for _, given := range []struct {
		name  string
		value *intstr.IntOrString
	}{
		{"maxSurge", spec.MaxSurge}, {"maxUnavailable", spec.MaxUnavailable},
	} {
		count, err := share(given.value, fullWeight, true)
		if err == nil && count < 0 {
			err = errors.New("must be greater than or equal to 0")
		}
		if err != nil {
			problems = append(problems, field.Invalid(path.Child(given.name), given.value.String(), err.Error()))
		}
	}
	if none(spec.MaxSurge) && none(spec.MaxUnavailable) {
		problems = append(problems, field.Invalid(
			path.Child("maxSurge"), spec.MaxSurge.String(), "MaxSurge and MaxUnavailable both can not be zero"))
	}
	return problems
}

// none says that a number or a percentage is zero as it is written.
func none(value *intstr.IntOrString) bool {
	if value == nil {
		return false
	}
	count, err := share(value, fullWeight, true)
	return err == nil && count == 0
}

func validateStep(rollout *v1alpha1.Rollout, index int, path *field.Path) field.ErrorList {
	step := &rollout.Spec.Canary().Steps[index]
	if chosen := choices(step); chosen != 1 {
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, fmt.Sprintf(
			"a step must have one of setWeight, pause, setCanaryScale, analysis, experiment, setHeaderRoute, "+
				"setMirrorRoute and plugin; this one has %d", chosen))}
	}
	switch full := maxWeight(rollout); {
	case step.SetWeight != nil && (*step.SetWeight < 0 || *step.SetWeight > full):
		return field.ErrorList{field.Invalid(path.Child("setWeight"), *step.SetWeight,
			fmt.Sprintf("SetWeight needs to be between 0 and %d", full))}
	case step.Pause != nil && step.Pause.Duration != nil:
		return validatePause(step.Pause, path.Child("pause", "duration"))
	case step.SetCanaryScale != nil && !routed(rollout):
		return field.ErrorList{field.Invalid(path.Child("setCanaryScale"), field.OmitValueType{},
			"SetCanaryScale requires TrafficRouting to be set")}
	case step.Experiment != nil:
		return validateExperiment(rollout, index, path.Child("experiment"))
	case step.Plugin != nil:
		return field.ErrorList{field.Invalid(path.Child("plugin", "name"), step.Plugin.Name,
			"no step plugin of this name is there; remove the step")}
	default:
		return nil
	}
}

func validatePause(pause *v1alpha1.RolloutPause, path *field.Path) field.ErrorList {
	duration, err := parseDuration(*pause.Duration)
	if err == nil && duration < 0 {
		err = errors.New("Duration needs to be greater than 0") //nolint:staticcheck // It is the peer's message.
	}
	if err != nil {
		return field.ErrorList{field.Invalid(path, pause.Duration.String(), err.Error())}
	}
	return nil
}

// choices is how many kinds of step a step is.
func choices(step *v1alpha1.CanaryStep) int {
	count := 0
	for _, is := range []bool{
		step.SetWeight != nil, step.Pause != nil, step.Experiment != nil, step.Analysis != nil,
		step.SetCanaryScale != nil, step.SetHeaderRoute != nil, step.SetMirrorRoute != nil, step.Plugin != nil,
	} {
		if is {
			count++
		}
	}
	return count
}

// NamedService is a Service that a Rollout drives, and the field that names it.
type NamedService struct {
	Name, Field string
}

// ServicesOf are the Services that a Rollout drives.
func ServicesOf(rollout *v1alpha1.Rollout) []NamedService {
	var named []NamedService
	add := func(name, path string) {
		if name != "" {
			named = append(named, NamedService{Name: name, Field: path})
		}
	}
	if spec := rollout.Spec.BlueGreen(); spec != nil {
		add(spec.ActiveService, "spec.strategy.blueGreen.activeService")
		add(spec.PreviewService, "spec.strategy.blueGreen.previewService")
	}
	if spec := rollout.Spec.Canary(); spec != nil {
		add(spec.CanaryService, "spec.strategy.canary.canaryService")
		add(spec.StableService, "spec.strategy.canary.stableService")
		if spec.PingPong != nil {
			add(spec.PingPong.PingService, "spec.strategy.canary.pingPong.pingService")
			add(spec.PingPong.PongService, "spec.strategy.canary.pingPong.pongService")
		}
	}
	return named
}

func validateServices(rollout *v1alpha1.Rollout, services map[string]*corev1.Service) error {
	template, err := rollout.Spec.Template.Decode()
	if err != nil {
		return err
	}
	for _, named := range ServicesOf(rollout) {
		if problem := validateService(rollout, services[named.Name], named.Name, template.Labels); problem != "" {
			return fmt.Errorf("%s: Invalid value: %q: %s", named.Field, named.Name, problem)
		}
	}
	return nil
}

// validateService returns why a Rollout cannot drive a Service, "" where it can.
func validateService(
	rollout *v1alpha1.Rollout, service *corev1.Service, name string, podLabels map[string]string,
) string {
	if service == nil {
		return fmt.Sprintf("service %q not found", name)
	}
	if owner, driven := service.Annotations[v1alpha1.AnnotationManagedByRollouts]; driven && owner != rollout.Name {
		return fmt.Sprintf("Service %q is managed by another Rollout", name)
	}
	for _, key := range slices.Sorted(maps.Keys(service.Spec.Selector)) {
		if key != hashLabel(rollout) && podLabels[key] != service.Spec.Selector[key] {
			return fmt.Sprintf("Service %q has unmatch label %q in rollout", name, key)
		}
	}
	return ""
}
