// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// Any matches every value of a field of a Rule.
const Any = "*"

// Rule allows what it matches. A subresource is matched by "resource/subresource", as in RBAC; an empty Name matches
// every name.
type Rule struct {
	User, Verb, Resource, Name string
}

// Rules are the authorizer of a test's server. They may change while it runs.
type Rules struct {
	mu    sync.Mutex
	set   bool
	rules []Rule
}

// Allow replaces the rules; without any, nothing is allowed but to the loopback identity.
func (r *Rules) Allow(rules ...Rule) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set, r.rules = true, rules
}

// Authorize implements authorizer.UnconditionalAuthorizer.
func (r *Rules) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.set || slices.Contains(a.GetUser().GetGroups(), user.SystemPrivilegedGroup) {
		return authorizer.DecisionAllow, "", nil
	}
	resource := a.GetResource()
	if sub := a.GetSubresource(); sub != "" {
		resource += "/" + sub
	}
	for _, rule := range r.rules {
		if matches(rule.User, a.GetUser().GetName()) && matches(rule.Verb, a.GetVerb()) && matches(rule.Resource, resource) &&
			(rule.Name == "" || rule.Name == a.GetName()) {
			return authorizer.DecisionAllow, "", nil
		}
	}
	return authorizer.DecisionNoOpinion, "no rule of the test allows it", nil
}

func matches(pattern, value string) bool {
	return pattern == Any || pattern == value
}

// nobody leaves authentication to the loopback identity.
type nobody struct{}

// AuthenticateRequest implements authenticator.Request.
func (nobody) AuthenticateRequest(*http.Request) (*authenticator.Response, bool, error) {
	return nil, false, nil
}
