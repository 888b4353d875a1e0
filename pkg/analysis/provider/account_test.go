// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	shared := secret("argocd", "vendor", "key", "shared")
	private := secret("argocd", "argocd-secret", "key", "private")
	own := secret("team", "vendor", "key", "own")
	cases := map[string]struct {
		accounts        Accounts
		namespace, name string
		want            string
	}{
		"the namespace's own comes first":                    {accounts(shared, own), "team", "vendor", "own"},
		"what all share has the vendor's name":               {accounts(shared, own), "other", "vendor", "shared"},
		"no other Secret of the control plane is read":       {accounts(shared, private), "team", "argocd-secret", `is not in the namespace of the analysis`},
		"nor is it by a run that is there":                   {accounts(shared, private), "argocd", "argocd-secret", errOwnAccounts.Error()},
		"a run that is there uses what all share":            {accounts(shared), "argocd", "vendor", "shared"},
		"the environment comes before a Secret":              {given(accounts(shared)), "team", "vendor", "given"},
		"the namespace's own comes before the environment":   {given(accounts(own)), "team", "vendor", "own"},
		"without an account, the user learns what to create": {accounts(), "team", "vendor", `there is no Secret "vendor" with an account`},
		"without a cluster there are no Secrets":             {Accounts{Namespace: "argocd"}, "team", "vendor", `no cluster to read Secrets from`},
		"without a cluster there is the environment":         {given(Accounts{Namespace: "argocd"}), "team", "vendor", "given"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := tenant()
			run.Namespace = tc.namespace
			found, err := tc.accounts.find(t.Context(), run, tc.name, "vendor")
			got := found["key"]
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func given(accounts Accounts) Accounts {
	accounts.Given = map[string]map[string]string{"vendor": {"key": "given"}}
	return accounts
}

func TestAnAccountThatMayNotBeReadIsNoReasonToTakeAnother(t *testing.T) {
	t.Parallel()
	client := kubefake.NewClientset(secret("argocd", "vendor", "key", "shared"))
	client.PrependReactor("get", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
		denied := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "vendor", nil)
		return action.GetNamespace() == "team", nil, denied
	})
	found, err := Accounts{Secrets: client.CoreV1(), Namespace: "argocd"}.find(t.Context(), tenant(), "vendor", "vendor")
	if !apierrors.IsForbidden(err) || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestWhatAuthenticatesFollowsNoRedirectToAnotherHost(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host was told %v", r.Header)
	}))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(server.Close)
	account := secret("team", "datadog", "address", server.URL, "api-key", "kkk", "app-key", "kkk")
	metric := metricOf(t, `{name: m, provider: {datadog: {query: a}}}`)
	measured := Datadog{Network: here(), Accounts: accounts(account), Clock: recorded()}.Measure(t.Context(), tenant(), metric)
	if got := told(measured); !strings.HasSuffix(got, errElsewhere.Error()) {
		t.Error(got)
	}
}

func TestTheEnvironmentHoldsAnAccountOfDatadog(t *testing.T) {
	t.Parallel()
	variables := map[string]string{"DD_ADDRESS": "https://d", "DD_API_KEY": "a", "DD_APP_KEY": "b"}
	lookup := func(name string) (string, bool) {
		value, is := variables[name]
		return value, is
	}
	want := map[string]map[string]string{"datadog": {"address": "https://d", "api-key": "a", "app-key": "b"}}
	if diff := cmp.Diff(want, GivenAccounts(lookup)); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	delete(variables, "DD_ADDRESS")
	if half := GivenAccounts(lookup); half != nil {
		t.Errorf("%v is half an account", half)
	}
}
