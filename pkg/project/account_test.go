// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project_test

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/project"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	const server = "https://prod.example"
	entry := func(server, namespace, account string) v1alpha1.ApplicationDestinationServiceAccount {
		return v1alpha1.ApplicationDestinationServiceAccount{Server: server, Namespace: namespace, DefaultServiceAccount: account}
	}
	for name, test := range map[string]struct {
		entries   []v1alpha1.ApplicationDestinationServiceAccount
		namespace string
		want      string
		fails     bool
	}{
		"none":                         {nil, "shop", "", false},
		"one of the destination":       {[]v1alpha1.ApplicationDestinationServiceAccount{entry(server, "shop", "deployer")}, "shop", "system:serviceaccount:shop:deployer", false},
		"one of another namespace":     {[]v1alpha1.ApplicationDestinationServiceAccount{entry(server, "shop", "ops:deployer")}, "shop", "system:serviceaccount:ops:deployer", false},
		"globs":                        {[]v1alpha1.ApplicationDestinationServiceAccount{entry("https://*", "sh*", "deployer")}, "shop", "system:serviceaccount:shop:deployer", false},
		"the first that fits":          {[]v1alpha1.ApplicationDestinationServiceAccount{entry("*", "other", "x"), entry("*", "*", "first"), entry("*", "*", "second")}, "shop", "system:serviceaccount:shop:first", false},
		"another server":               {[]v1alpha1.ApplicationDestinationServiceAccount{entry("https://other", "*", "deployer")}, "shop", "", false},
		"no namespace":                 {[]v1alpha1.ApplicationDestinationServiceAccount{entry("*", "*", "deployer")}, "", "system:serviceaccount:argocd:deployer", false},
		"an empty account":             {[]v1alpha1.ApplicationDestinationServiceAccount{entry("*", "*", "")}, "shop", "", true},
		"an account of three parts":    {[]v1alpha1.ApplicationDestinationServiceAccount{entry("*", "*", "kube-system:admin:x")}, "shop", "", true},
		"an account that is a pattern": {[]v1alpha1.ApplicationDestinationServiceAccount{entry("*", "*", "*")}, "shop", "", true},
		"an account with a line break": {[]v1alpha1.ApplicationDestinationServiceAccount{entry("*", "*", "a\nImpersonate-Group: system:masters")}, "shop", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := projectOf(v1alpha1.AppProjectSpec{DestinationServiceAccounts: test.entries})
			got, err := project.Account(owner, project.Destination{Server: server, Name: "prod", Namespace: test.namespace}, "argocd")
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("account %q, error %v", got, err)
			}
		})
	}
}
