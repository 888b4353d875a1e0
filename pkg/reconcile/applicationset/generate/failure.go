// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Failure is an error with the reason that a condition gives for it.
type Failure struct {
	// Reason is one of the ApplicationSet reasons of v1alpha1.
	Reason string
	// Err says what is wrong and names the field.
	Err error
}

// Error returns the message of the cause.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// noParameters marks a generator that could not be read.
func noParameters(format string, args ...any) *Failure {
	return &Failure{v1alpha1.ApplicationSetReasonApplicationParamsGenerationError, fmt.Errorf(format, args...)}
}

// noTemplate marks an element that the template could not be filled with.
func noTemplate(format string, args ...any) *Failure {
	return &Failure{v1alpha1.ApplicationSetReasonRenderTemplateParamsError, fmt.Errorf(format, args...)}
}

// noApplication marks an Application that cannot be.
func noApplication(format string, args ...any) *Failure {
	return &Failure{v1alpha1.ApplicationSetReasonApplicationValidationError, fmt.Errorf(format, args...)}
}
