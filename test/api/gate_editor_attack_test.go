// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	packed "github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/promotion"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// editors are the names of who is recorded to have written a spec.
func editors(recorded []v1alpha1.SpecEditor) []string {
	names := make([]string, 0, len(recorded))
	for _, editor := range recorded {
		names = append(names, editor.Username)
	}
	return names
}

// deskOf starts a server whose approvers may write Applications, and returns what makes its Plans.
func deskOf(t *testing.T) (*world, *promotion.Desk) {
	t.Helper()
	var desk *promotion.Desk
	w := guarded(t, func(d *promotion.Desk) { desk = d })
	granted := gateRules()
	for _, user := range []string{alice, bob} {
		granted = append(granted, apiserver.Rule{User: user, Verb: "patch", Resource: "applications"},
			apiserver.Rule{User: user, Verb: "delete", Resource: "applications"})
	}
	w.Rules.Allow(append(granted, apiserver.Rule{User: "root", Verb: apiserver.Any, Resource: "applicationsets"})...)
	return w, desk
}

// plans makes a Plan as the planner does.
func (g *gated) plans(t *testing.T, desk *promotion.Desk, name string) *capstanv1alpha1.Plan {
	t.Helper()
	made, err := packed.New(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name},
	}})
	must(t, err)
	data, digest, err := packed.Pack([]packed.Manifest{made})
	must(t, err)
	app := get(t, g.apps(t, admin))
	plan, err := desk.Propose(t.Context(), app, capstanv1alpha1.PlanSpec{
		Kind: capstanv1alpha1.PlanSync, Manifests: digest, Requester: capstanv1alpha1.SyncRunRequester{Automated: true},
		Application: capstanv1alpha1.PlanApplication{Name: "web", UID: app.UID, Spec: gate.SpecDigest(app.Spec)},
		Destination: capstanv1alpha1.SyncRunDestination{Server: app.Spec.Destination.Server, UID: desk.UID(app.Spec.Destination)},
	}, data, false)
	must(t, err)
	return plan
}

func TestWhoWritesASpecDoesNotApproveWhatComesOfIt(t *testing.T) {
	t.Parallel()
	w, desk := deskOf(t)
	g := w.gate(t, nil)
	_, err := mergePatch(t, g.apps(t, alice), `{"spec":{"source":{"path":"other"}}}`)
	must(t, err)
	g.plan = g.plans(t, desk, "other")
	if diff := cmp.Diff([]string{admin, alice}, editors(g.plan.Spec.Editors)); diff != "" {
		t.Errorf("the Plan names as editors (-want +got):\n%s", diff)
	}
	g.stopped(t, "who wrote the spec", http.StatusForbidden, gate.ReasonExcluded, func() error {
		_, err := g.approve(t, alice, metav1.CreateOptions{})
		return err
	})
	g.approved(t, bob)
	must(t, g.sync(t))
}

func TestNobodyForgesWhoWroteASpec(t *testing.T) {
	t.Parallel()
	w, _ := deskOf(t)
	g := w.gate(t, nil)
	_, err := mergePatch(t, g.apps(t, alice), `{"spec":{"source":{"path":"other"}}}`)
	must(t, err)
	for what, attempt := range map[string]func() error{
		"a status in a write of the main resource": func() error {
			_, err := mergePatch(t, g.apps(t, lead), `{"status":{"editors":[{"username":"bob","at":"2026-01-01T00:00:00Z"}]}}`)
			return err
		},
		"the status": func() error {
			_, err := mergePatch(t, g.apps(t, admin), `{"status":{"editors":null}}`, "status")
			return err
		},
		"a label": func() error {
			_, err := mergePatch(t, g.apps(t, lead), `{"metadata":{"labels":{"a":"b"}}}`)
			return err
		},
		"what no Plan carries out": func() error {
			_, err := mergePatch(t, g.apps(t, lead), `{"spec":{"syncPolicy":{"automated":{}},"revisionHistoryLimit":3}}`)
			return err
		},
	} {
		must(t, attempt())
		if diff := cmp.Diff([]string{admin, alice}, editors(get(t, g.apps(t, admin)).Status.Editors)); diff != "" {
			t.Errorf("by %s, the editors are (-want +got):\n%s", what, diff)
		}
	}
}

func TestWhoDeletesAnApplicationDoesNotApproveThat(t *testing.T) {
	t.Parallel()
	w, desk := deskOf(t)
	g := w.gate(t, nil)
	_, err := mergePatch(t, g.apps(t, admin), `{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}`)
	must(t, err)
	must(t, g.apps(t, bob).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	must(t, g.apps(t, admin).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	app := get(t, g.apps(t, admin))
	g.plan, err = desk.Propose(t.Context(), app, capstanv1alpha1.PlanSpec{
		Kind: capstanv1alpha1.PlanDestroy, Requester: capstanv1alpha1.SyncRunRequester{Automated: true},
		Application: capstanv1alpha1.PlanApplication{Name: "web", UID: app.UID, Spec: gate.SpecDigest(app.Spec)},
		Destination: capstanv1alpha1.SyncRunDestination{Server: app.Spec.Destination.Server, UID: desk.UID(app.Spec.Destination)},
	}, nil, false)
	must(t, err)
	if diff := cmp.Diff([]string{admin, bob}, editors(g.plan.Spec.Editors)); diff != "" {
		t.Errorf("the Plan names as editors (-want +got):\n%s", diff)
	}
	g.stopped(t, "who deletes it", http.StatusForbidden, gate.ReasonExcluded, func() error {
		_, err := g.approve(t, bob, metav1.CreateOptions{})
		return err
	})
	g.approved(t, alice)
}

func TestWhoWritesAnApplicationSetWritesItsApplications(t *testing.T) {
	t.Parallel()
	w, _ := deskOf(t)
	namespace := newNamespace()
	sets := w.as(t, admin).ArgoprojV1alpha1().ApplicationSets(namespace)
	set, err := sets.Create(t.Context(), &v1alpha1.ApplicationSet{ObjectMeta: metav1.ObjectMeta{Name: "many"}}, metav1.CreateOptions{})
	must(t, err)
	set.Spec.GoTemplate, set.Status.Editors = ptr.To(true), nil
	set, err = w.as(t, "root").ArgoprojV1alpha1().ApplicationSets(namespace).Update(t.Context(), set, metav1.UpdateOptions{})
	must(t, err)
	if diff := cmp.Diff([]string{admin, "root"}, editors(set.Status.Editors)); diff != "" {
		t.Errorf("the editors of the set are (-want +got):\n%s", diff)
	}
	app := newApplication("web")
	app.Status.Editors = set.Status.Editors
	for who, want := range map[string][]string{admin: {admin}, "": {admin, "root"}} {
		apps := clientOf(t, w.Config).ArgoprojV1alpha1().Applications(namespace)
		if who != "" {
			apps = w.applications(t, who, namespace)
		}
		made, err := apps.Create(t.Context(), app.DeepCopy(), dry())
		must(t, err)
		if diff := cmp.Diff(want, editors(made.Status.Editors)); diff != "" {
			t.Errorf("an Application that %q writes has as editors (-want +got):\n%s", who, diff)
		}
	}
}
