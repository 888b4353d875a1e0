// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

func TestANamespaceIsMadeOnTheHubOnlyWhereTheProjectPermitsIt(t *testing.T) {
	t.Parallel()
	kept := map[manifest.Key]bool{{Group: live.RolloutGroup, Kind: "Rollout", Namespace: "shop", Name: "web.east"}: true}
	there := v1alpha1.ApplicationDestination{Name: "east", Namespace: "*"}
	here := v1alpha1.ApplicationDestination{Name: cluster.InClusterName, Namespace: "shop"}
	for name, test := range map[string]struct {
		owner     *v1alpha1.AppProject
		namespace string
		kept      map[manifest.Key]bool
		asked     bool
		says      []string
	}{
		"the hub keeps nothing": {owner: permitting(there), namespace: "new"},
		"the project permits the cluster alone, and the namespace is missing": {
			owner: permitting(there), namespace: "new", kept: kept,
			says: []string{"namespace new is not on the hub", "AppProject team", "kubectl create namespace new"},
		},
		"the project permits the cluster alone, and the namespace is there": {
			owner: permitting(there), namespace: "shop", kept: kept,
		},
		"the project permits another namespace of the hub": {
			owner: permitting(there, here), namespace: "new", kept: kept, says: []string{"kubectl create namespace new"},
		},
		"the project permits the hub with that namespace": {
			owner: permitting(there, here), namespace: "shop", kept: kept, asked: true,
			says: []string{"create namespace shop on the hub"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 10)
			clusters, err := cluster.NewClusters(cluster.Options{
				Host: &rest.Config{Host: answering(t, "hub", asked).URL}, Timeout: 10 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(clusters.Close)
			to := cluster.Destination{
				Name: "east", Server: "https://127.0.0.1:2", Secret: "east", Config: &rest.Config{Host: "https://127.0.0.1:2"},
			}
			if err = clusters.Set(t.Context(), to); err != nil {
				t.Fatal(err)
			}
			east, err := clusters.ByName("east")
			if err != nil {
				t.Fatal(err)
			}
			r := &Reconciler{Options: Options{
				Clusters: clusters, Applier: apply.NewApplier(), Settings: func() customization.Set { return customization.Set{} },
			}}
			p := &pass{app: &v1alpha1.Application{}, owner: test.owner, target: east, kept: test.kept}
			err = r.ensureHubNamespace(t.Context(), p, test.namespace, false)
			if (err != nil) != (len(test.says) > 0) {
				t.Errorf("it ends with %v", err)
			}
			for _, part := range test.says {
				if err != nil && !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if got := len(asked) > 0; got != test.asked {
				t.Errorf("the hub was asked to make it: %v, want %v", got, test.asked)
			}
		})
	}
}
