// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/render"
)

// fleet is a reconciler of a hub with clusters of some names, and these.
func fleet(t *testing.T, names ...string) (*Reconciler, map[string]*cluster.Cluster) {
	t.Helper()
	clusters, err := cluster.NewClusters(cluster.Options{Host: &rest.Config{Host: "https://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	for i, name := range names {
		to := cluster.Destination{
			Name: name, Server: "https://127.0.0.1:" + string(rune('2'+i)), Secret: "s" + string(rune('0'+i)), Config: &rest.Config{Host: "https://127.0.0.1:2"},
		}
		if err := clusters.Set(t.Context(), to); err != nil {
			t.Fatal(err)
		}
	}
	byServer := map[string]*cluster.Cluster{}
	for _, one := range clusters.List() {
		byServer[one.Name()] = one
	}
	return &Reconciler{Options: Options{Clusters: clusters}}, byServer
}

func permitting(destinations ...v1alpha1.ApplicationDestination) *v1alpha1.AppProject {
	owner := &v1alpha1.AppProject{}
	owner.Name, owner.Spec.Destinations = "team", destinations
	return owner
}

func TestTheHubKeepsForAClusterWithANameOfItsOwn(t *testing.T) {
	t.Parallel()
	r, named := fleet(t, "east", "West", "twin", "twin")
	for name, want := range map[string]string{"east": "east", "West": "", "twin": "", cluster.InClusterName: ""} {
		if got := r.keeper(named[name]); got != want {
			t.Errorf("for %s the hub keeps under %q, want %q", name, got, want)
		}
	}
}

func TestWhatMakesUseOfTheHubNeedsThatTheProjectPermitsIt(t *testing.T) {
	t.Parallel()
	r, named := fleet(t, "east")
	there := v1alpha1.ApplicationDestination{Name: "east", Namespace: "shop"}
	here := v1alpha1.ApplicationDestination{Name: cluster.InClusterName, Namespace: "shop"}
	elsewhere := v1alpha1.ApplicationDestination{Name: cluster.InClusterName, Namespace: "bank"}
	for name, test := range map[string]struct {
		owner   *v1alpha1.AppProject
		borrows string
		refused bool
	}{
		"it makes use of nothing":               {permitting(there), "", false},
		"the project permits the cluster alone": {permitting(there), "it reads a Secret", true},
		"the project permits the hub, too":      {permitting(there, here), "it reads a Secret", false},
		"but another namespace":                 {permitting(there, elsewhere), "it reads a Secret", true},
	} {
		wanted := plan.Desired{
			Key:     manifest.Key{Group: live.RolloutGroup, Kind: "AnalysisTemplate", Namespace: "shop", Name: "errors.east"},
			Cluster: "east", Borrows: test.borrows,
		}
		err := r.permitKept(test.owner, named["east"], wanted)
		if (err != nil) != test.refused || err != nil && !strings.Contains(err.Error(), test.borrows) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatTheHubKeepsHasToBeOfAKindAndAPlaceThatTheProjectPermits(t *testing.T) {
	t.Parallel()
	clusters, err := cluster.NewClusters(cluster.Options{Host: &rest.Config{Host: "https://127.0.0.1:1"}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	server := answering(t, "east", nil)
	to := cluster.Destination{Name: "east", Server: server.URL, Secret: "east", Config: &rest.Config{Host: server.URL}}
	if err = clusters.Set(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	east, err := clusters.ByName("east")
	if err != nil {
		t.Fatal(err)
	}
	m := manifest.Manifest{
		Key: manifest.Key{Group: live.RolloutGroup, Kind: "Rollout", Name: "web"}, Version: "v1alpha1",
		JSON: []byte(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","metadata":{"name":"web"},"spec":{}}`),
	}
	there := v1alpha1.ApplicationDestination{Name: "east", Namespace: "shop"}
	without := permitting(there)
	without.Spec.NamespaceResourceBlacklist = []metav1.GroupKind{{Group: live.RolloutGroup, Kind: "Rollout"}}
	r := &Reconciler{Options: Options{Clusters: clusters, Settings: func() customization.Set { return customization.Set{} }}}
	for name, test := range map[string]struct {
		owner   *v1alpha1.AppProject
		refused string
	}{
		"the cluster alone": {permitting(there), ""},
		"not the kind":      {without, "spec.namespaceResourceBlacklist of AppProject team"},
		"the hub alone": {permitting(v1alpha1.ApplicationDestination{Name: cluster.InClusterName, Namespace: "*"}),
			"not in spec.destinations of AppProject team"},
	} {
		app := &v1alpha1.Application{}
		app.Spec.Destination.Namespace = "shop"
		prepared, err := r.prepare(t.Context(), app, test.owner, east, render.Output{Manifests: []manifest.Manifest{m}})
		switch {
		case test.refused == "" && (err != nil || len(prepared.Desired) != 1 || prepared.Desired[0].Cluster != "east"):
			t.Errorf("%s: kept %v, %v", name, prepared.Desired, err)
		case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAManifestForTheHubPointsOnlyWhereTheProjectPermits(t *testing.T) {
	t.Parallel()
	r, _ := fleet(t, "east")
	there := v1alpha1.ApplicationDestination{Name: "east", Namespace: "shop"}
	here := v1alpha1.ApplicationDestination{Name: cluster.InClusterName, Namespace: "*"}
	for name, test := range map[string]struct {
		owner   *v1alpha1.AppProject
		points  string
		refused string
	}{
		"nowhere":                            {permitting(here), "", ""},
		"to a cluster that is permitted":     {permitting(here, there), "east", ""},
		"to a cluster that is not":           {permitting(here), "east", "not in spec.destinations"},
		"to a cluster that is not there":     {permitting(here, there), "north", "north"},
		"to what the hub itself is known as": {permitting(there), cluster.InClusterName, "not in spec.destinations"},
	} {
		object := map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": map[string]any{
			"name": "web", "namespace": "shop", "annotations": map[string]string{v1alpha1.AnnotationCluster: test.points},
		}}
		if test.points == "" {
			delete(object["metadata"].(map[string]any), "annotations") //nolint:forcetypeassert // It is made above.
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		m := manifest.Manifest{
			Key: manifest.Key{Group: live.RolloutGroup, Kind: "Rollout", Namespace: "shop", Name: "web"}, Version: "v1alpha1", JSON: text,
		}
		err = r.permitPointing(test.owner, m)
		if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoWentBackCountsWhereTheServerAloneWritesIt(t *testing.T) {
	t.Parallel()
	_, named := fleet(t, "east")
	key := manifest.Key{Group: live.RolloutGroup, Kind: "Rollout", Namespace: "shop", Name: "web"}
	objects := []live.Object{{Key: key, Undone: v1alpha1.Undone{By: "ann", Revision: 2}.String()}}
	for name, test := range map[string]struct {
		target *cluster.Cluster
		kept   map[manifest.Key]bool
		want   int
	}{
		"on the hub":                    {named[cluster.InClusterName], nil, 1},
		"kept on the hub for a cluster": {named["east"], map[manifest.Key]bool{key: true}, 1},
		"in another cluster":            {named["east"], nil, 0},
	} {
		if got := undoneOf(test.target, test.kept, objects); len(got) != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := undoneOf(named[cluster.InClusterName], nil, []live.Object{{Key: key, Undone: "{"}, {Key: key}}); len(got) != 0 {
		t.Errorf("what cannot be read counts: %v", got)
	}
}

func TestAnUndoHoldsThePodTemplateAlone(t *testing.T) {
	t.Parallel()
	key := manifest.Key{Group: live.RolloutGroup, Kind: "Rollout", Namespace: "shop", Name: "web"}
	digest := manifest.DigestOf([]byte("git"))
	p := &pass{
		app: &v1alpha1.Application{}, undone: map[manifest.Key]v1alpha1.Undone{key: {By: "ann", Revision: 2}},
		desired: &desired{objects: []plan.Desired{{Key: key, Digest: digest}}},
		plan:    &plan.Plan{Changes: []plan.Change{{Key: key, Reason: plan.RolledBack}}},
	}
	s := &state{applied: map[manifest.Key]plan.Applied{key: {Desired: digest}}}
	rules := p.holding(s)
	if len(rules) != 1 {
		t.Fatalf("%d rules hold it", len(rules))
	}
	object := func(image string, replicas int64) map[string]any {
		return map[string]any{"spec": map[string]any{"replicas": replicas, "template": map[string]any{"image": image}}}
	}
	kept, err := rules.Keep(&unstructured.Unstructured{Object: object("new", 3)}, &unstructured.Unstructured{Object: object("old", 7)})
	if err != nil {
		t.Fatal(err)
	}
	if spec := kept.Object["spec"].(map[string]any); spec["replicas"] != int64(3) || spec["template"].(map[string]any)["image"] != "old" { //nolint:forcetypeassert // As above.
		t.Errorf("kept %v", spec)
	}
	if got := p.rolledBack(); len(got) != 1 || !strings.Contains(got[0].Message, "ann went back to revision 2") {
		t.Errorf("the conditions are %v", got)
	}
	s.applied[key] = plan.Applied{Desired: manifest.DigestOf([]byte("before"))}
	if len(p.holding(s)) != 0 {
		t.Error("it holds although Git wants something else")
	}
	s.applied[key] = plan.Applied{Desired: digest}
	if p.app.Operation = (&v1alpha1.Operation{}); len(p.holding(s)) != 0 {
		t.Error("it holds although somebody asked for a sync")
	}
}

// answering is an API server of an identity, which refuses every patch and tells who asked for it.
func answering(t *testing.T, identity string, asked chan<- string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if request.Method == http.MethodPatch {
			asked <- request.Header.Get("Impersonate-User") + " " + request.URL.Path
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`))
			return
		}
		answers := map[string]string{
			"/version": `{"gitVersion":"v1.37.0"}`,
			"/api":     `{"kind":"APIVersions","versions":["v1"]}`,
			"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[
				{"name":"namespaces","kind":"Namespace","verbs":["get","list"]}]}`,
			"/apis": `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
			"/api/v1/namespaces/kube-system": `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":"` +
				identity + `"}}`,
			"/api/v1/namespaces/shop": `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"shop"}}`,
		}
		if answers[request.URL.Path] == "" {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`))
			return
		}
		_, _ = w.Write([]byte(answers[request.URL.Path]))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestATemplateIsPutBackAsTheSyncWrites(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 10)
	server := answering(t, "hub", asked)
	clusters, err := cluster.NewClusters(cluster.Options{Host: &rest.Config{Host: server.URL}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	hub, err := clusters.ByServer(cluster.InClusterServer)
	if err != nil {
		t.Fatal(err)
	}
	own := fake.NewClientset()
	r := &Reconciler{Options: Options{Clusters: clusters, Client: own, Settings: func() customization.Set {
		return customization.Set{Impersonation: customization.Impersonation{Enabled: true}}
	}}}
	owner := permitting()
	owner.Spec.DestinationServiceAccounts = []v1alpha1.ApplicationDestinationServiceAccount{
		{Server: cluster.InClusterServer, Namespace: "shop", DefaultServiceAccount: "deployer"},
	}
	p := &pass{app: &v1alpha1.Application{}, owner: owner, target: hub}
	p.app.Spec.Destination.Namespace = "shop"
	key := manifest.Key{Group: live.RolloutGroup, Kind: "Rollout", Namespace: "shop", Name: "web"}
	m := manifest.Manifest{Key: key, Version: "v1alpha1", JSON: []byte(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout",` +
		`"metadata":{"name":"web","namespace":"shop"},"spec":{"template":{"spec":{}}}}`)}
	err = r.settle(t.Context(), p, plan.Change{Key: key, Version: "v1alpha1"}, m)
	if !apierrors.IsForbidden(err) || len(own.Actions()) > 0 {
		t.Errorf("an account that may not change the Rollout: %v, and the server itself did %v", err, own.Actions())
	}
	const want = "system:serviceaccount:shop:deployer /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web"
	select {
	case got := <-asked:
		if got != want {
			t.Errorf("the template is written by %s, want %s", got, want)
		}
	default:
		t.Error("nobody was asked to write the template")
	}
}

func TestAnUndoCountsOnWhatTheApplicationAppliedBefore(t *testing.T) {
	t.Parallel()
	key := manifest.Key{Group: live.RolloutGroup, Kind: "Rollout", Namespace: "shop", Name: "web"}
	p := &pass{app: &v1alpha1.Application{}, undone: map[manifest.Key]v1alpha1.Undone{key: {By: "ann", Revision: 2}}}
	p.app.Operation = &v1alpha1.Operation{}
	for reason, want := range map[plan.Reason]bool{plan.Changed: true, plan.Drifted: true, plan.Adopted: false} {
		if got := p.overrides(plan.Change{Key: key, Action: plan.Apply, Reason: reason}); got != want {
			t.Errorf("%s: %v, want %v", reason, got, want)
		}
	}
}

func TestAClusterIsElsewhereOnceItIsKnownToBe(t *testing.T) {
	t.Parallel()
	clusters, err := cluster.NewClusters(cluster.Options{
		Host: &rest.Config{Host: answering(t, "hub", nil).URL}, Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	r := &Reconciler{Options: Options{Clusters: clusters}}
	for _, name := range []string{"hub", "east"} {
		server := answering(t, name, nil)
		to := cluster.Destination{Name: name, Server: server.URL, Secret: name, Config: &rest.Config{Host: server.URL}}
		if err := clusters.Set(t.Context(), to); err != nil {
			t.Fatal(err)
		}
	}
	for _, connected := range []bool{false, true} {
		for _, one := range clusters.List() {
			if connected {
				if err := one.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, one := range clusters.List() {
			if got, want := r.elsewhere(one), connected && one.Name() == "east"; got != want {
				t.Errorf("%s, connected %v: %v", one.Name(), connected, got)
			}
		}
	}
}

func TestTheHubKeepsNothingOverAnObjectOfAnother(t *testing.T) {
	t.Parallel()
	_, named := fleet(t, "east")
	key := manifest.Key{Group: live.RolloutGroup, Kind: "AnalysisTemplate", Namespace: "shop", Name: "errors.b.east"}
	for name, test := range map[string]struct {
		object  live.Object
		wanted  bool
		isKept  bool
		clashes bool
	}{
		"its own":                      {live.Object{Key: key, Cluster: "east", Application: "web"}, true, true, false},
		"its own of a former name":     {live.Object{Key: key, Cluster: "old", Application: "web"}, false, true, false},
		"one that is not tracked":      {live.Object{Key: key, Cluster: "east"}, true, true, false},
		"of another cluster":           {live.Object{Key: key, Cluster: "b.east", Application: "other"}, true, false, true},
		"of the hub itself":            {live.Object{Key: key, Application: "other"}, true, false, true},
		"of the hub, and not wanted":   {live.Object{Key: key, Application: "web"}, false, false, false},
		"another's, which nobody asks": {live.Object{Key: key, Cluster: "old", Application: "other"}, false, false, false},
	} {
		p := &pass{target: named["east"], kept: map[manifest.Key]bool{}}
		if test.wanted {
			p.kept[key] = true
		}
		got := p.keptOf("web", []live.Object{test.object})
		if (len(got) == 1) != test.isKept || (p.clash != nil) != test.clashes {
			t.Errorf("%s: kept %v, %v", name, got, p.clash)
		}
	}
}

func TestAHubThatIsNotRegisteredHoldsWhatItKeeps(t *testing.T) {
	t.Parallel()
	clusters, err := cluster.NewClusters(cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	to := cluster.Destination{Name: "east", Server: "https://127.0.0.1:2", Secret: "east", Config: &rest.Config{Host: "https://127.0.0.1:2"}}
	if err = clusters.Set(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	east, err := clusters.ByName("east")
	if err != nil {
		t.Fatal(err)
	}
	r := &Reconciler{Options: Options{Clusters: clusters}}
	for name, held := range map[string]bool{"web.east": true, "web": false} {
		key := manifest.Key{Group: live.RolloutGroup, Kind: "Rollout", Namespace: "shop", Name: name}
		err := r.missed(&pass{target: east}, &state{applied: map[manifest.Key]plan.Applied{key: {}}})
		if (err != nil) != held {
			t.Errorf("%s: %v", name, err)
		}
	}
}
