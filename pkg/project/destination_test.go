// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project_test

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/project"
)

func TestDestinations(t *testing.T) {
	t.Parallel()
	const one = "https://one.example"
	rule := func(server, name, namespace string) v1alpha1.ApplicationDestination {
		return v1alpha1.ApplicationDestination{Server: server, Name: name, Namespace: namespace}
	}
	everywhere := rule("*", "", "*")
	to := project.Destination{Server: one, Name: "one", Namespace: "web"}
	for name, test := range map[string]struct {
		rules     []v1alpha1.ApplicationDestination
		to        project.Destination
		permitted bool
	}{
		"without a rule nothing is permitted":          {nil, to, false},
		"everywhere":                                   {list(everywhere), to, true},
		"a server":                                     {list(rule(one, "", "web")), to, true},
		"a name":                                       {list(rule("", "one", "web")), to, true},
		"a glob of a name":                             {list(rule("", "o*", "w*")), to, true},
		"another server":                               {list(rule("https://two.example", "", "*")), to, false},
		"another namespace":                            {list(rule(one, "", "db")), to, false},
		"one of server and name is enough":             {list(rule("https://two.example", "one", "*")), to, true},
		"a rule without a cluster permits nothing":     {list(rule("", "", "*")), to, false},
		"a rule without a namespace permits no name":   {list(rule(one, "", "")), to, false},
		"a denied server":                              {list(everywhere, rule("!"+one, "", "*")), to, false},
		"a denied server permits the others":           {list(rule("!https://two.example", "", "web")), to, true},
		"a server denied in another namespace":         {list(everywhere, rule("!"+one, "", "db")), to, true},
		"a denied glob of servers":                     {list(everywhere, rule("!https://*.example", "", "web")), to, false},
		"a denied name":                                {list(everywhere, rule("", "!one", "*")), to, false},
		"a denied name denies in every namespace":      {list(everywhere, rule("", "!one", "db")), to, false},
		"a denied name permits the others":             {list(rule("", "!two", "web")), to, true},
		"a denied namespace":                           {list(everywhere, rule("*", "", "!web")), to, false},
		"a denied namespace of a name":                 {list(everywhere, rule("", "one", "!web")), to, false},
		"a denied namespace permits the others":        {list(rule(one, "", "!db")), to, true},
		"a namespace denied in another cluster":        {list(everywhere, rule("https://two.example", "", "!web")), to, true},
		"a denied server is not permitted by its name": {list(rule("!"+one, "*", "*")), to, false},
		"the order of rules does not matter":           {list(rule("*", "", "!web"), everywhere), to, false},
		"denying every cluster permits none":           {list(everywhere, rule("!*", "", "*")), to, false},
		"denying every namespace permits none":         {list(everywhere, rule("*", "", "!*")), to, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := project.PermitsDestination(projectOf(v1alpha1.AppProjectSpec{Destinations: test.rules}), test.to)
			verify(t, err, test.permitted, "spec.destinations")
		})
	}
}

func TestClustersOfAProject(t *testing.T) {
	t.Parallel()
	yes := true
	for name, test := range map[string]struct {
		only      *bool
		scope     string
		permitted bool
	}{
		"an open project uses a cluster of nobody":          {nil, "", true},
		"an open project uses its own cluster":              {nil, "team", true},
		"an open project uses what its rules permit":        {nil, "other", true},
		"a closed project uses its own cluster":             {&yes, "team", true},
		"a closed project does not use one of nobody":       {&yes, "", false},
		"a closed project does not use one of another team": {&yes, "other", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := projectOf(v1alpha1.AppProjectSpec{
				Destinations:                    list(v1alpha1.ApplicationDestination{Server: "*", Namespace: "*"}),
				PermitOnlyProjectScopedClusters: test.only,
			})
			err := project.PermitsDestination(owner, project.Destination{Server: "https://one.example", Project: test.scope})
			verify(t, err, test.permitted, "spec.permitOnlyProjectScopedClusters")
		})
	}
}

func list(rules ...v1alpha1.ApplicationDestination) []v1alpha1.ApplicationDestination { return rules }
