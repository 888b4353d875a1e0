// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

type column = registry.Column[*v1alpha1.Application]

func newTable() registry.Table[*v1alpha1.Application] {
	return registry.NewTable(v1alpha1.Resource("applications"), []column{
		{Name: "Sync Status", Description: "Whether the destination holds what Git says.",
			Cell: func(app *v1alpha1.Application) any { return string(app.Status.Sync.Status) }},
		{Name: "Health Status", Description: "The worst health of the resources.", Cell: func(app *v1alpha1.Application) any {
			return string(app.Status.Health.Status)
		}},
		{Name: "Revision", Description: "The commit that was compared.", Cell: revision},
		{Name: "Gate", Description: "What a gated Application waits for.", Cell: gateOf},
		{Name: "Project", Description: "The AppProject.", Cell: func(app *v1alpha1.Application) any {
			return cmp.Or(app.Spec.Project, v1alpha1.DefaultProject)
		}},
	}, []column{
		{Name: "Destination", Description: "The cluster and the namespace.", Cell: destination},
		{Name: "Source", Description: "The repository and the path or chart.", Cell: source},
		{Name: "Operation", Description: "The phase of the last operation.", Cell: func(app *v1alpha1.Application) any {
			if app.Status.OperationState == nil {
				return ""
			}
			return string(app.Status.OperationState.Phase)
		}},
		{Name: "Message", Description: "The first condition.", Cell: message},
	})
}

// revision shortens a commit id, and nothing else, to seven digits.
func revision(app *v1alpha1.Application) any {
	value := app.Status.Sync.Revision
	if commit := regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`); commit.MatchString(value) {
		return value[:7]
	}
	return value
}

// gateOf is how a gated Application stands, with the Plan that it waits for.
func gateOf(app *v1alpha1.Application) any {
	switch gate := app.Status.Gate; {
	case gate == nil:
		return ""
	case gate.State == v1alpha1.GateOpen || gate.Plan == "":
		return string(gate.State)
	default:
		return string(gate.State) + " " + gate.Plan
	}
}

func destination(app *v1alpha1.Application) any {
	to := app.Spec.Destination
	return cmp.Or(to.Name, to.Server) + "/" + to.Namespace
}

func source(app *v1alpha1.Application) any {
	from := app.Spec.Source
	if from == nil && len(app.Spec.Sources) > 0 {
		from = &app.Spec.Sources[0]
	}
	if from == nil {
		return ""
	}
	return strings.TrimSuffix(from.RepoURL+"//"+cmp.Or(from.Path, from.Chart), "//")
}

// message is the first condition, without what a terminal would obey (as in CVE-2021-25743).
func message(app *v1alpha1.Application) any {
	if len(app.Status.Conditions) == 0 {
		return ""
	}
	first := app.Status.Conditions[0]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, string(first.Type)+": "+first.Message)
}
