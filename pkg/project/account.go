// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Account returns the user name of the service account as which syncs to a destination write: that of the first entry
// of spec.destinationServiceAccounts which fits (as Argo CD 3.5: controller/sync.go deriveServiceAccountToImpersonate).
// An account without a namespace is in the destination's, else in home, that of the Application. It is "" where no
// entry fits.
func Account(project *v1alpha1.AppProject, to Destination, home string) (string, error) {
	for i, entry := range project.Spec.DestinationServiceAccounts {
		if !matches(entry.Server, to.Server) || !matches(entry.Namespace, to.Namespace) {
			continue
		}
		namespace, name, qualified := strings.Cut(entry.DefaultServiceAccount, ":")
		if !qualified {
			namespace, name = to.Namespace, entry.DefaultServiceAccount
		}
		if namespace == "" {
			namespace = home
		}
		faults := validation.ValidateNamespaceName(namespace, false)
		if faults = append(faults, validation.ValidateServiceAccountName(name, false)...); len(faults) > 0 {
			return "", fmt.Errorf("spec.destinationServiceAccounts[%d].defaultServiceAccount of AppProject %s is %q: "+
				"set the name of a service account, or namespace:name", i, project.Name, entry.DefaultServiceAccount)
		}
		return "system:serviceaccount:" + namespace + ":" + name, nil
	}
	return "", nil
}
