// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxProblems is how many problems one answer names.
const maxProblems = 20

// Few returns the first of many problems: to join the texts of a list takes the square of its length, and a list may
// be as long as a client likes.
func Few(problems field.ErrorList) field.ErrorList {
	return problems[:min(len(problems), maxProblems)]
}
