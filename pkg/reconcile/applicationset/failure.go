// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"errors"
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

// failureOf gives an error the reason that its condition shows.
func failureOf(err error) *generate.Failure {
	var known *generate.Failure
	if errors.As(err, &known) {
		return known
	}
	return &generate.Failure{Reason: v1alpha1.ApplicationSetReasonErrorOccurred, Err: err}
}

// taken says that somebody else has an Application of a generated name.
func taken(made generate.Generated) *generate.Failure {
	return takenBy(fmt.Sprintf("%s: ", made.Origin), made.Application.Name)
}

func takenBy(origin, name string) *generate.Failure {
	return &generate.Failure{
		Reason: v1alpha1.ApplicationSetReasonApplicationValidationError,
		Err: fmt.Errorf("%sApplication %q exists and was not made by this ApplicationSet: it is left as it is; "+
			"change spec.template.metadata.name or remove the Application", origin, name),
	}
}
