// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/project"
)

func projectOf(spec v1alpha1.AppProjectSpec) *v1alpha1.AppProject {
	return &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "team"}, Spec: spec}
}

// verify compares an answer with whether something should be permitted; a refusal names the field to change.
func verify(t *testing.T, err error, permitted bool, field string) {
	t.Helper()
	switch {
	case permitted && err != nil:
		t.Errorf("it is refused: %v", err)
	case !permitted && err == nil:
		t.Error("it is permitted")
	case !permitted && (!strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), "AppProject team")):
		t.Errorf("the refusal does not name %s of the AppProject: %v", field, err)
	}
}

func TestRepositories(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules     []string
		url       string
		permitted bool
	}{
		"without a rule nothing is permitted":         {nil, "https://git.example/a/b", false},
		"a star permits everything":                   {[]string{"*"}, "git@git.example:a/b/c.git", true},
		"a literal permits itself":                    {[]string{"https://git.example/a/b"}, "https://git.example/a/b", true},
		"a literal permits nothing else":              {[]string{"https://git.example/a/b"}, "https://git.example/a/bc", false},
		"spelling does not matter":                    {[]string{"https://Git.example/A/b.git"}, "https://git.example/a/B/", true},
		"an own port does not matter":                 {[]string{"https://git.example/a"}, "https://git.example:443/a", true},
		"another port matters":                        {[]string{"https://git.example/a"}, "https://git.example:8443/a", false},
		"the short form of SSH is SSH":                {[]string{"ssh://git@git.example/a/*"}, "git@git.example:a/b.git", true},
		"an SSH URL with a colon is SSH":              {[]string{"ssh://git@GIT.example:a/b"}, "ssh://git@git.example/a/b", true},
		"another scheme is another repository":        {[]string{"https://git.example/a"}, "ssh://git.example/a", false},
		"a star ends at a slash":                      {[]string{"https://git.example/a/*"}, "https://git.example/a/b/c", false},
		"two stars do not":                            {[]string{"https://git.example/a/**"}, "https://git.example/a/b/c", true},
		"a glob may end in .git":                      {[]string{"https://git.example/a/*.git"}, "https://git.example/a/b", true},
		"a chart repository without scheme":           {[]string{"registry.example/charts"}, "registry.example/charts", true},
		"a deny rule denies":                          {[]string{"!https://git.example/a/*", "*"}, "https://git.example/a/b", false},
		"a deny rule permits the rest":                {[]string{"!https://git.example/a/*"}, "https://git.example/b/c", true},
		"denying everything denies everything":        {[]string{"*", "!*"}, "https://git.example/a/b", false},
		"order does not matter to a deny rule":        {[]string{"*", "!https://git.example/a/*"}, "https://git.example/a/b", false},
		"a deny rule is not evaded by a port":         {[]string{"*", "!https://git.example/a/*"}, "https://git.example:443/a/b", false},
		"a deny rule is not evaded by a user":         {[]string{"*", "!https://git.example/a/*"}, "https://x@git.example/a/b", false},
		"a deny rule is not evaded by more slashes":   {[]string{"*", "!https://git.example/a/*"}, "https://git.example//a//b/", false},
		"a deny rule is not evaded by case":           {[]string{"*", "!https://git.example/a/*"}, "HTTPS://GIT.EXAMPLE/A/B.GIT", false},
		"a user in a query is no host":                {[]string{"https://git.example/**"}, "https://evil.example?@git.example/a", false},
		"a user in a fragment is no host":             {[]string{"https://git.example/**"}, "https://evil.example#@git.example/a", false},
		"a host before a user is no host":             {[]string{"https://git.example/**"}, "https://git.example@evil.example/a", false},
		"a glob that cannot be read matches nothing":  {[]string{"https://git.example/[a"}, "https://git.example/a", false},
		"a broken glob permits no more than its text": {[]string{"[", "https://git.example/a"}, "https://git.example/a", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := project.PermitsSource(projectOf(v1alpha1.AppProjectSpec{SourceRepos: test.rules}), test.url)
			verify(t, err, test.permitted, "spec.sourceRepos")
		})
	}
}

func TestSourceNamespaces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules     []string
		namespace string
		permitted bool
	}{
		"the control plane's namespace needs no rule":          {nil, "argocd", true},
		"another namespace does":                               {nil, "team-a", false},
		"a glob":                                               {[]string{"team-*"}, "team-a", true},
		"a glob fits the whole name":                           {[]string{"team"}, "team-a", false},
		"a regular expression between slashes":                 {[]string{`/^team-[ab]$/`}, "team-b", true},
		"a regular expression that does not fit":               {[]string{`/^team-[ab]$/`}, "team-c", false},
		"a regular expression may fit a part":                  {[]string{`/am-/`}, "team-c", true},
		"a regular expression that cannot be read":             {[]string{`/(/`}, "team-c", false},
		"two slashes are no regular expression that fits all":  {[]string{`//`}, "team-c", false},
		"without slashes a regular expression is a glob alone": {[]string{`^team-.$`}, "team-c", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := project.PermitsNamespace(projectOf(v1alpha1.AppProjectSpec{SourceNamespaces: test.rules}),
				test.namespace, "argocd")
			verify(t, err, test.permitted, "spec.sourceNamespaces")
		})
	}
}

func TestClusterResources(t *testing.T) {
	t.Parallel()
	item := func(group, kind string, name ...string) v1alpha1.ClusterResourceRestrictionItem {
		rule := v1alpha1.ClusterResourceRestrictionItem{Group: group, Kind: kind}
		if len(name) > 0 {
			rule.Name = &name[0]
		}
		return rule
	}
	type items = []v1alpha1.ClusterResourceRestrictionItem
	namespace := manifest.Key{Kind: "Namespace", Name: "team-a"}
	role := manifest.Key{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "reader"}
	for name, test := range map[string]struct {
		white, black items
		key          manifest.Key
		permitted    bool
		field        string
	}{
		"without a list none is permitted":      {nil, nil, namespace, false, "clusterResourceWhitelist"},
		"stars permit all":                      {items{item("*", "*")}, nil, role, true, ""},
		"an empty group is the core group":      {items{item("", "*")}, nil, role, false, "clusterResourceWhitelist"},
		"the core group":                        {items{item("", "Namespace")}, nil, namespace, true, ""},
		"a glob of a group":                     {items{item("*.k8s.io", "ClusterRole*")}, nil, role, true, ""},
		"kinds are compared with their case":    {items{item("", "namespace")}, nil, namespace, false, "clusterResourceWhitelist"},
		"a name that fits":                      {items{item("", "Namespace", "team-*")}, nil, namespace, true, ""},
		"a name that does not":                  {items{item("", "Namespace", "other-*")}, nil, namespace, false, "clusterResourceWhitelist"},
		"an empty name is every name":           {items{item("", "Namespace", "")}, nil, namespace, true, ""},
		"the black list wins":                   {items{item("*", "*")}, items{item("", "Namespace")}, namespace, false, "clusterResourceBlacklist"},
		"the black list may name one":           {items{item("*", "*")}, items{item("", "Namespace", "kube-*")}, namespace, true, ""},
		"a list of kinds knows no alternatives": {items{item("", "{Namespace,Node}")}, nil, namespace, false, "clusterResourceWhitelist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := projectOf(v1alpha1.AppProjectSpec{
				ClusterResourceWhitelist: test.white, ClusterResourceBlacklist: test.black,
			})
			verify(t, project.PermitsResource(owner, test.key, false, project.Destination{}), test.permitted, test.field)
		})
	}
}

func TestNamespacedResources(t *testing.T) {
	t.Parallel()
	type kinds = []metav1.GroupKind
	key := manifest.Key{Group: "apps", Kind: "Deployment", Namespace: "team-a", Name: "web"}
	for name, test := range map[string]struct {
		white, black kinds
		key          manifest.Key
		permitted    bool
		field        string
	}{
		"without a list all are permitted":   {nil, nil, key, true, ""},
		"an empty list permits none":         {kinds{}, nil, key, false, "namespaceResourceWhitelist"},
		"a list permits what it names":       {kinds{{Group: "apps", Kind: "*"}}, nil, key, true, ""},
		"a list permits nothing else":        {kinds{{Group: "", Kind: "*"}}, nil, key, false, "namespaceResourceWhitelist"},
		"the black list wins":                {kinds{{Group: "*", Kind: "*"}}, kinds{{Group: "apps", Kind: "*"}}, key, false, "namespaceResourceBlacklist"},
		"the black list denies what it says": {nil, kinds{{Group: "", Kind: "Secret"}}, key, true, ""},
		"a namespace beyond the destinations": {
			nil, nil, manifest.Key{Kind: "Secret", Namespace: "kube-system", Name: "x"}, false, "destinations",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := projectOf(v1alpha1.AppProjectSpec{
				NamespaceResourceWhitelist: test.white, NamespaceResourceBlacklist: test.black,
				Destinations: []v1alpha1.ApplicationDestination{{Server: "*", Namespace: "team-*"}},
			})
			to := project.Destination{Server: "https://one.example", Namespace: "team-b"}
			verify(t, project.PermitsResource(owner, test.key, true, to), test.permitted, test.field)
		})
	}
}
