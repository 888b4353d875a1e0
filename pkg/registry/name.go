// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ValidateName requires a name that is a DNS subdomain, as the peers' CustomResourceDefinitions do.
func ValidateName(object metav1.Object) field.ErrorList {
	var problems field.ErrorList
	for _, problem := range validation.NameIsDNSSubdomain(object.GetName(), false) {
		problems = append(problems, field.Invalid(field.NewPath("metadata", "name"), object.GetName(), problem))
	}
	return problems
}
