// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Destination is where an Application goes, resolved: both names of the cluster are known.
type Destination struct {
	Server    string
	Name      string
	Namespace string
	// Project is the project that the cluster is scoped to, "" for none.
	Project string
}

// PermitsDestination reports whether an Application of the project may go to a destination. A project uses clusters
// that are scoped to another where its rules permit them, as in Argo CD.
func PermitsDestination(project *v1alpha1.AppProject, destination Destination) error {
	permitted := false
	for _, rule := range project.Spec.Destinations {
		verdict := judge(rule, destination)
		if verdict.denied {
			return fmt.Errorf("destination %s, namespace %q, is denied by a rule in spec.destinations of AppProject %s",
				destination.label(), destination.Namespace, project.Name)
		}
		permitted = permitted || verdict.permitted
	}
	switch {
	case !permitted:
		return fmt.Errorf("destination %s, namespace %q, is not in spec.destinations of AppProject %s",
			destination.label(), destination.Namespace, project.Name)
	case on(project.Spec.PermitOnlyProjectScopedClusters) && destination.Project != project.Name:
		return fmt.Errorf("AppProject %s permits only clusters of its own (spec.permitOnlyProjectScopedClusters), "+
			"and %s is not one", project.Name, destination.label())
	}
	return nil
}

func (d Destination) label() string {
	if d.Name != "" {
		return d.Name
	}
	return d.Server
}

// verdict is what one rule says of a destination.
type verdict struct{ permitted, denied bool }

// judge reads one rule. A field that begins with "!" fits every other value, so that a rule may permit by what it
// excludes, and denies the value that it names: a server where the namespace fits, a namespace where the cluster fits,
// a name everywhere (as Argo CD 3.5: app_project_types.go isDestinationMatched). What a rule denies it never permits.
func judge(rule v1alpha1.ApplicationDestination, to Destination) verdict {
	serverFits := to.Server != "" && fits(rule.Server, to.Server)
	nameFits := to.Name != "" && fits(rule.Name, to.Name)
	namespaceFits := fits(rule.Namespace, to.Namespace)
	clusterFits := serverFits || nameFits
	return verdict{
		permitted: clusterFits && namespaceFits,
		denied: isDeny(rule.Name) && !nameFits ||
			isDeny(rule.Server) && !serverFits && namespaceFits ||
			isDeny(rule.Namespace) && !namespaceFits && clusterFits,
	}
}

// fits matches a pattern, or what a pattern behind "!" does not.
func fits(pattern, value string) bool {
	if excluded, deny := denies(pattern); deny {
		return !matches(excluded, value)
	}
	return matches(pattern, value)
}

func isDeny(pattern string) bool {
	_, deny := denies(pattern)
	return deny
}

func on(flag *bool) bool { return flag != nil && *flag }
