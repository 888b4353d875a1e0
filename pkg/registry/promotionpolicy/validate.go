// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotionpolicy

import (
	"fmt"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/window"
)

// validate names every field that cannot be obeyed.
func validate(spec *v1alpha1.PromotionPolicySpec) field.ErrorList {
	path := field.NewPath("spec")
	problems := validateRules(path.Child("approvals"), spec.Approvals)
	for i, selector := range spec.Selectors {
		if selector.Labels != nil {
			problems = append(problems, validation.ValidateLabelSelector(selector.Labels,
				validation.LabelSelectorValidationOptions{}, path.Child("selectors").Index(i).Child("labels"))...)
		}
	}
	problems = append(problems, positive(path.Child("expiresAfter"), spec.ExpiresAfter)...)
	problems = append(problems, validatePrune(path.Child("prune"), spec.Prune)...)
	if rollback := spec.Rollback; rollback != nil {
		problems = append(problems, positive(path.Child("rollback", "healthyWithin"), &rollback.HealthyWithin)...)
		problems = append(problems, validateRules(path.Child("rollback", "approvals"), rollback.Approvals)...)
	}
	if glass := spec.BreakGlass; glass != nil {
		problems = append(problems, positive(path.Child("breakGlass", "maxDuration"), glass.MaxDuration)...)
		problems = append(problems, positive(path.Child("breakGlass", "reviewWithin"), glass.ReviewWithin)...)
		if _, err := regexp.Compile(glass.TicketPattern); err != nil {
			problems = append(problems,
				field.Invalid(path.Child("breakGlass", "ticketPattern"), glass.TicketPattern, err.Error()))
		}
	}
	problems = append(problems, validateFreezes(path.Child("freezes"), spec.Freezes)...)
	return registry.Few(problems)
}

func validateFreezes(path *field.Path, freezes []v1alpha1.PolicyFreeze) field.ErrorList {
	var problems field.ErrorList
	known := map[string]bool{}
	for i, freeze := range freezes {
		at := path.Index(i)
		switch {
		case freeze.Name == "":
			problems = append(problems, field.Required(at.Child("name"), "name the freeze"))
		case known[freeze.Name]:
			problems = append(problems, field.Duplicate(at.Child("name"), freeze.Name))
		}
		known[freeze.Name] = true
		problems = append(problems, validateFreeze(at, freeze)...)
	}
	return problems
}

// validateFreeze wants a time that is once, or one that recurs, and not both.
func validateFreeze(at *field.Path, freeze v1alpha1.PolicyFreeze) field.ErrorList {
	once := freeze.From != nil || freeze.To != nil
	recurs := freeze.Schedule != "" || freeze.Duration != nil || freeze.TimeZone != ""
	switch {
	case once == recurs:
		return field.ErrorList{field.Required(at, "say from and to, or schedule and duration")}
	case once && (freeze.From == nil || freeze.To == nil || !freeze.From.Before(freeze.To)):
		return field.ErrorList{field.Invalid(at.Child("to"), freeze.To, "say from and to, a later time")}
	case once:
		return nil
	case freeze.Duration == nil:
		return field.ErrorList{field.Required(at.Child("duration"), "say how long it lasts")}
	}
	if _, err := window.New(freeze.Schedule, freeze.Duration.Duration, freeze.TimeZone); err != nil {
		return field.ErrorList{field.Invalid(at.Child("schedule"), freeze.Schedule, err.Error())}
	}
	return nil
}

func validateRules(path *field.Path, rules []v1alpha1.ApprovalRule) field.ErrorList {
	var problems field.ErrorList
	for i, rule := range rules {
		problems = append(problems, validateRule(path.Index(i), rule)...)
	}
	return problems
}

func validateRule(path *field.Path, rule v1alpha1.ApprovalRule) field.ErrorList {
	var problems field.ErrorList
	if rule.Role == "" {
		problems = append(problems, field.Required(path.Child("role"), "name the role of the approvers"))
	}
	if strings.ContainsAny(rule.Role, "/%*") {
		problems = append(problems, field.Invalid(path.Child("role"), rule.Role, "RBAC names roles without / % and *"))
	}
	const most = 100
	if rule.Required < 0 || rule.Required > most {
		problems = append(problems, field.Invalid(path.Child("required"), rule.Required,
			fmt.Sprintf("say how many people, 1 to %d", most)))
	}
	return problems
}

func validatePrune(path *field.Path, limits v1alpha1.PruneLimits) field.ErrorList {
	var problems field.ErrorList
	if limits.MaxCount != nil && *limits.MaxCount < 0 {
		problems = append(problems, field.Invalid(path.Child("maxCount"), *limits.MaxCount, "it cannot be below zero"))
	}
	const whole = 100
	if limits.MaxPercent != nil && (*limits.MaxPercent < 0 || *limits.MaxPercent > whole) {
		problems = append(problems, field.Invalid(path.Child("maxPercent"), *limits.MaxPercent, "say 0 to 100"))
	}
	for i, kind := range limits.ProtectedKinds {
		if kind == "" {
			problems = append(problems,
				field.Required(path.Child("protectedKinds").Index(i), "name a kind, as Kind or Kind.group"))
		}
	}
	if limits.Exceed != nil {
		problems = append(problems, validateRule(path.Child("exceed"), *limits.Exceed)...)
	}
	return problems
}

func positive(path *field.Path, duration *metav1.Duration) field.ErrorList {
	if duration == nil || duration.Duration > 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(path, duration.Duration.String(), "it must be above zero")}
}
