// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"strings"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// credentialID is set by the API server on who authenticated, and not on who is impersonated.
const credentialID = "authentication.kubernetes.io/credential-id"

// party says which part a person has in the change that they would approve.
func (f Facts) party(who capstan.Approver) string {
	exclude, requester := f.Requirement.Exclude, f.Plan.Spec.Requester
	asked := samePerson(who, capstan.Approver{Username: requester.Username, UID: requester.UID})
	if pinned := f.Plan.Status.PinnedBy; pinned != nil {
		asked = asked || samePerson(who, capstan.Approver{Username: pinned.Username, UID: pinned.UID})
	}
	authored := slices.ContainsFunc(f.Plan.Spec.Authors, func(a capstan.PlanAuthor) bool { return wrote(who, a) })
	governs := slices.ContainsFunc(f.Requirement.Editors, func(editor string) bool { return same(editor, who.Username) })
	switch {
	case exclude.Requester && asked:
		return "asked for it"
	case exclude.Requester && slices.ContainsFunc(f.Plan.Spec.Editors, nameless):
		return "may have written the Application's spec, as more people did than are remembered"
	case exclude.Requester && edited(who, f.Plan.Spec.Editors):
		return "wrote what it carries out of the Application's spec, or deleted it"
	case exclude.CommitAuthors && authored:
		return "wrote a commit that it brings"
	case exclude.PolicyEditor && governs:
		return "last changed a policy that gates it"
	}
	return ""
}

// edited reports whether somebody is among the editors of a spec: they ask for the change, though automation plans it.
func edited(who capstan.Approver, editors []argo.SpecEditor) bool {
	return slices.ContainsFunc(editors, func(editor argo.SpecEditor) bool {
		return samePerson(who, capstan.Approver{Username: editor.Username, UID: editor.UID})
	})
}

// nameless reports an editor who stands for all those that are not remembered: anybody may be one of them.
func nameless(editor argo.SpecEditor) bool { return editor.Username == "" && editor.UID == "" }

// faceless says why an identity stands for no person.
func (f Facts) faceless(who capstan.Approver) string {
	switch exclude := f.Requirement.Exclude; {
	case strings.TrimSpace(who.Username) == "":
		return "has no name"
	case exclude.ServiceAccounts && machine(who):
		return "is no person"
	case exclude.Impersonated && !authenticated(who):
		return "is impersonated: the request carries no id of a credential"
	}
	return ""
}

// machine reports whether an identity belongs to a program: a service account, a node, a part of the control plane.
func machine(who capstan.Approver) bool {
	return strings.HasPrefix(strings.ToLower(who.Username), "system:") ||
		slices.Contains(who.Groups, "system:serviceaccounts") || slices.Contains(who.Groups, "system:nodes")
}

func authenticated(who capstan.Approver) bool {
	return slices.ContainsFunc(who.Extra[credentialID], func(id string) bool { return id != "" })
}

// wrote reports whether a person may be the author of a commit: by the name, the address, or what the authenticator
// says of them besides.
func wrote(who capstan.Approver, author capstan.PlanAuthor) bool {
	if same(who.Username, author.Email) || same(who.Username, author.Name) {
		return true
	}
	for _, values := range who.Extra {
		if slices.ContainsFunc(values, func(value string) bool { return same(value, author.Email) }) {
			return true
		}
	}
	return false
}

// samePerson reports whether two identities share a name or a UID.
func samePerson(a, b capstan.Approver) bool {
	return same(a.Username, b.Username) || a.UID != "" && a.UID == b.UID
}

func same(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	return a != "" && strings.EqualFold(a, b)
}
