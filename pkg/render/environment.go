// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import "os"

// variable returns a variable of the build environment (as Argo CD 3.5:
// reposerver/repository newEnv); an unknown name is empty.
func (i Input) variable(name string) string {
	switch name {
	case "ARGOCD_APP_NAME":
		return i.Application
	case "ARGOCD_APP_NAMESPACE":
		return i.Namespace
	case "ARGOCD_APP_PROJECT_NAME":
		return i.Project
	case "ARGOCD_APP_REVISION":
		return i.Revision
	case "ARGOCD_APP_REVISION_SHORT":
		return shorten(i.Revision, 7)
	case "ARGOCD_APP_REVISION_SHORT_8":
		return shorten(i.Revision, 8)
	case "ARGOCD_APP_SOURCE_REPO_URL":
		return i.Repository
	case "ARGOCD_APP_SOURCE_PATH":
		return i.Source.Path
	case "ARGOCD_APP_SOURCE_TARGET_REVISION":
		return i.Source.TargetRevision
	}
	return ""
}

func shorten(revision string, length int) string {
	return revision[:min(length, len(revision))]
}

// substitute replaces $NAME and ${NAME} with what lookup gives; $$ is a dollar.
func substitute(text string, lookup func(string) string) string {
	return os.Expand(text, func(name string) string {
		if name == "$" {
			return name
		}
		return lookup(name)
	})
}

func isTrue(flag *bool) bool { return flag != nil && *flag }
