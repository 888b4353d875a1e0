// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
)

// newOptions returns the defaults of an assembly with two controllers.
func newOptions(t *testing.T) *Options {
	t.Helper()
	assembly := &Assembly{ControllerNames: []string{"application", "cluster"}}
	o, err := NewOptions(assembly, utilfeature.DefaultMutableFeatureGate.DeepCopy())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOptions(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args []string
		want []string
	}{
		"the defaults hold":                           {nil, nil},
		"an external etcd needs no data directory":    {[]string{"--etcd-servers=https://etcd:2379", "--data-dir="}, nil},
		"an embedded etcd needs one":                  {[]string{"--data-dir="}, []string{"--data-dir"}},
		"a controller can be left out":                {[]string{"--controllers=*,-cluster"}, nil},
		"an unknown controller is named":              {[]string{"--controllers=app"}, []string{"--controllers", "app"}},
		"an unknown controller to leave out is named": {[]string{"--controllers=*,-clutser"}, []string{"clutser"}},
		"the namespace is a label":                    {[]string{"--namespace=Argo_CD"}, []string{"--namespace"}},
		"the service is named as Services are":        {[]string{"--service-name=1capstan"}, []string{"--service-name"}},
		"the service's port is a port":                {[]string{"--service-port=0"}, []string{"--service-port"}},
		"the secure port is a port":                   {[]string{"--secure-port=70000"}, []string{"--secure-port"}},
		"the chance of a GOAWAY is small":             {[]string{"--goaway-chance=0.5"}, []string{"--goaway-chance"}},
		"every fault is told at once": {
			[]string{"--namespace=", "--service-port=99999"}, []string{"--namespace", "--service-port"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			completed := parse(t, newOptions(t), tc.args)
			errs := completed.Validate()
			if len(tc.want) == 0 && len(errs) > 0 {
				t.Fatalf("refused: %v", errs)
			}
			for i, part := range tc.want {
				if len(errs) == 0 || !strings.Contains(errs[min(i, len(errs)-1)].Error(), part) {
					t.Errorf("errors %v, want one that names %s", errs, part)
				}
			}
		})
	}
}

func parse(t *testing.T, o *Options, args []string) CompletedOptions {
	t.Helper()
	var sets cliflag.NamedFlagSets
	if err := o.AddFlags(&sets); err != nil {
		t.Fatal(err)
	}
	all := sets.FlagSet("all")
	for _, set := range sets.FlagSets {
		all.AddFlagSet(set)
	}
	if err := all.Parse(args); err != nil {
		t.Fatal(err)
	}
	completed, err := o.Complete()
	if err != nil {
		t.Fatal(err)
	}
	return completed
}

func TestDelegationFollowsTheKubeconfig(t *testing.T) {
	t.Parallel()
	completed := parse(t, newOptions(t), []string{"--kubeconfig=/hub", "--authorization-kubeconfig=/other"})
	got := []string{
		completed.Recommended.Authentication.RemoteKubeConfigFile, completed.Recommended.Authorization.RemoteKubeConfigFile,
	}
	if diff := cmp.Diff([]string{"/hub", "/other"}, got); diff != "" {
		t.Errorf("kubeconfigs of authentication and authorization (-want +got):\n%s", diff)
	}
}

func TestFlagsStandInNamedSets(t *testing.T) {
	t.Parallel()
	var sets cliflag.NamedFlagSets
	if err := newOptions(t).AddFlags(&sets); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{
		"namespace", "service-name", "service-port", "data-dir", "register", "controllers",
	} {
		if sets.FlagSet("capstan").Lookup(flag) == nil {
			t.Errorf("--%s is not among the flags of Capstan", flag)
		}
	}
	for set, flag := range map[string]string{
		"etcd": "etcd-servers", "generic": "feature-gates", "audit": "audit-policy-file", "traces": "tracing-config-file",
		"features": "enable-priority-and-fairness", "secure serving": "http2-max-streams-per-connection",
		"logs": "logging-format", "admission": "enable-admission-plugins", "host cluster": "kubeconfig",
	} {
		if sets.FlagSet(set).Lookup(flag) == nil {
			t.Errorf("--%s is not in the set %q", flag, set)
		}
	}
}
