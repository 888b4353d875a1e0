// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// PermitsNamespace reports whether Applications of the project may live in a namespace: in the control-plane namespace
// always, elsewhere as spec.sourceNamespaces says, by globs and by regular expressions between slashes.
func PermitsNamespace(project *v1alpha1.AppProject, namespace, controlPlane string) error {
	if namespace == controlPlane {
		return nil
	}
	for _, pattern := range project.Spec.SourceNamespaces {
		if matchesExpression(pattern, namespace) || matches(pattern, namespace) {
			return nil
		}
	}
	return fmt.Errorf("namespace %s is not in spec.sourceNamespaces of AppProject %s", namespace, project.Name)
}

// matchesExpression reads /expression/; one that cannot be read, or that needs more than RE2 has, matches nothing.
func matchesExpression(pattern, value string) bool {
	text, opened := strings.CutPrefix(pattern, "/")
	text, closed := strings.CutSuffix(text, "/")
	if !opened || !closed || text == "" {
		return false
	}
	expression, err := regexp.Compile(text)
	return err == nil && expression.MatchString(value)
}
