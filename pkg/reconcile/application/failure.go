// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"errors"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// failure is an error that becomes a condition of a type.
type failure struct {
	condition v1alpha1.ApplicationConditionType
	err       error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// invalid marks what the Application or its project says as wrong: only an edit helps.
func invalid(err error) error {
	return &failure{v1alpha1.ApplicationConditionInvalidSpecError, err}
}

// unreadable marks what could not be read or compared: it is tried again.
func unreadable(err error) error {
	return &failure{v1alpha1.ApplicationConditionComparisonError, err}
}

// conditionOf turns an error into the condition that shows it.
func conditionOf(err error) v1alpha1.ApplicationCondition {
	kind := v1alpha1.ApplicationConditionComparisonError
	var known *failure
	if errors.As(err, &known) {
		kind = known.condition
	}
	return v1alpha1.ApplicationCondition{Type: kind, Message: err.Error()}
}

// isInvalid reports whether only an edit of the Application or its project helps.
func isInvalid(err error) bool {
	var known *failure
	return errors.As(err, &known) && known.condition == v1alpha1.ApplicationConditionInvalidSpecError
}
