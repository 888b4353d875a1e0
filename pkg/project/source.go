// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// PermitsSource reports whether an Application of the project may read a repository. A rule behind "!" denies what it
// matches and permits the rest (as Argo CD 3.5: app_project_types.go IsSourcePermitted).
func PermitsSource(project *v1alpha1.AppProject, repoURL string) error {
	url := normalized(repoURL)
	permitted := false
	for _, rule := range project.Spec.SourceRepos {
		pattern, deny := denies(rule)
		matched := pattern == "*" || matches(normalized(pattern), url, '/')
		if deny && matched {
			return fmt.Errorf("repository %s is denied by the rule %q in spec.sourceRepos of AppProject %s",
				repoURL, rule, project.Name)
		}
		permitted = permitted || matched || deny
	}
	if !permitted {
		return fmt.Errorf("repository %s is not in spec.sourceRepos of AppProject %s", repoURL, project.Name)
	}
	return nil
}
