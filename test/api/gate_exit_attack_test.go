// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	capstanclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

const reasonExit gate.Reason = "ExitRequiresApproval"

func exitAttacks() map[string]attack {
	return map[string]attack{
		"no write takes an Application out of the gate":                       nobodyLeaves,
		"no write takes an Application to a weaker policy":                    nobodyMovesToWeaker,
		"no write takes an Application that is being deleted out of the gate": nobodyLeavesWhileDying,
		"a cluster is what its UID says, under whatever address":              clustersAreUIDs,
		"a cluster of which nothing is known is gated":                        unknownIsGated,
		"who writes Clusters takes production off none":                       tiersStay,
	}
}

// exits are all ways out: A48, and the first step of A49.
func exits(dev string) map[string]string {
	return map[string]string{
		"the label":              `{"metadata":{"labels":{"` + label + `":null}}}`,
		"all labels":             `{"metadata":{"labels":null}}`,
		"the project":            `{"spec":{"project":"free"}}`,
		"the default project":    `{"spec":{"project":""}}`,
		"the destination":        `{"spec":{"destination":{"server":"https://` + dev + `.example"}}}`,
		"both, with a sync":      `{"spec":{"project":"free"},"operation":{"sync":{}}}`,
		"the cluster, automated": `{"spec":{"destination":{"server":"https://` + dev + `.example"},"syncPolicy":{"automated":{"prune":true}}}}`,
	}
}

func nobodyLeaves(t *testing.T, w *world) {
	g := w.gate(t, nil)
	dev := newNamespace()
	w.cluster(t, dev, types.UID(dev), "dev")
	eventually(t, func() bool { return w.isFree(t, dev) })
	for what, patch := range exits(dev) {
		for _, user := range []string{admin, lead, tenant} {
			g.stopped(t, what+" by "+user, http.StatusForbidden, reasonExit, func() error {
				_, err := mergePatch(t, g.apps(t, user), patch)
				return err
			})
		}
	}
	g.stopped(t, "PUT without labels", http.StatusForbidden, reasonExit, func() error {
		app := get(t, g.apps(t, admin))
		app.Labels, app.ResourceVersion = nil, ""
		_, err := g.apps(t, lead).Update(t.Context(), app, metav1.UpdateOptions{})
		return err
	})
	for how, attempt := range g.ways(t, lead, "metadata", `{"name":"web","labels":{"`+label+`":"no"}}`) {
		if how == "server-side apply" || how == "a JSON patch" {
			continue // the first writes metadata twice, the second drops what the server needs
		}
		g.stopped(t, how, http.StatusForbidden, reasonExit, attempt)
	}
	g.stopped(t, "apply of another label", http.StatusForbidden, reasonExit, func() error {
		_, err := apply(t, g.apps(t, lead), `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application",
			"metadata":{"name":"web","labels":{"`+label+`":"no"}}}`)
		return err
	})
}

// isFree reports that nothing gates what goes to a cluster.
func (w *world) isFree(t *testing.T, cluster string) bool {
	t.Helper()
	app := newApplication("probe")
	app.Spec.Destination.Server = "https://" + cluster + ".example"
	app.Operation = &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}}
	_, err := w.applications(t, admin, newNamespace()).Create(t.Context(), app, dry())
	return err == nil
}

func TestTiersStayWithoutAdmission(t *testing.T) {
	t.Parallel()
	product := assembly()
	product.RegisterAdmission = nil
	w := &world{apiserver.Start(t, apiserver.Options{Assembly: product, Configure: withoutControllers(t)})}
	w.Rules.Allow(gateRules()...)
	tiersStay(t, w)
}

// tiersStay is A56 of tiers, and the deletion of a cluster that is to come back under another name (A46).
func tiersStay(t *testing.T, w *world) {
	name := newNamespace()
	w.cluster(t, name, types.UID(name), gate.TierProduction)
	clusters := w.as(t, keeper).CapstanV1alpha1().Clusters()
	patch := func(as capstanclient.ClusterInterface, body string) error {
		_, err := as.Patch(t.Context(), name, types.MergePatchType, []byte(body), metav1.PatchOptions{})
		return err
	}
	for _, body := range []string{`{"spec":{"tier":"staging"}}`, `{"spec":{"tier":null}}`, `{"spec":null}`} {
		refused(t, patch(clusters, body), http.StatusForbidden, "declassify")
	}
	refused(t, clusters.Delete(t.Context(), name, metav1.DeleteOptions{}), http.StatusForbidden, "declassify")
	refused(t, clusters.DeleteCollection(t.Context(), metav1.DeleteOptions{},
		metav1.ListOptions{FieldSelector: "metadata.name=" + name}), http.StatusForbidden, "declassify")
	_, err := clusters.Patch(t.Context(), name, types.MergePatchType, []byte(`{"status":{"uid":"another"}}`),
		metav1.PatchOptions{}, "status")
	refused(t, err, http.StatusUnprocessableEntity, "the server alone writes it")
	must(t, patch(clusters, `{"metadata":{"labels":{"a":"b"}}}`))
	read, err := clusters.Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	if read.Status.UID != types.UID(name) || read.Spec.Tier != gate.TierProduction || read.Labels["a"] != "b" {
		t.Errorf("the cluster is %q with the labels %v", read.Spec.Tier, read.Labels)
	}
	must(t, patch(w.as(t, admin).CapstanV1alpha1().Clusters(), `{"spec":{"tier":"staging"}}`))
	must(t, patch(clusters, `{"spec":{"tier":"production"}}`))
}

func nobodyMovesToWeaker(t *testing.T, w *world) {
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) {
		spec.Approvals = []capstanv1alpha1.ApprovalRule{{Role: gate.DefaultRole, Required: 2}}
	})
	_, err := g.as(t, mallory).CapstanV1alpha1().PromotionPolicies().Create(t.Context(), &capstanv1alpha1.PromotionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: g.namespace + "-weak"},
		Spec: capstanv1alpha1.PromotionPolicySpec{Selectors: []capstanv1alpha1.GateSelector{{
			Tiers: []string{"staging"}, Projects: []string{g.namespace},
		}}},
	}, metav1.CreateOptions{})
	must(t, err)
	// Without the label, the weak policy alone would choose it: as soon as it is known, one who leaves does not go free.
	probe := newApplication("probe")
	probe.Spec.Project, probe.Spec.Destination.Server = g.namespace, "https://"+g.namespace+".example"
	probe.Operation = &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}}
	eventually(t, func() bool {
		_, err := g.applications(t, admin, newNamespace()).Create(t.Context(), probe.DeepCopy(), dry())
		return reasonOf(err) == gate.ReasonNoPlan
	})
	g.approved(t, alice)
	g.stopped(t, "the label of the stronger policy", http.StatusForbidden, reasonExit, func() error {
		_, err := mergePatch(t, g.apps(t, lead), `{"metadata":{"labels":{"`+label+`":null}}}`)
		return err
	})
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
}

// nobodyLeavesWhileDying: what holds the deletion of objects is asked of the Application as it is then.
func nobodyLeavesWhileDying(t *testing.T, w *world) {
	g := w.gate(t, nil)
	dev := newNamespace()
	w.cluster(t, dev, types.UID(dev), "dev")
	eventually(t, func() bool { return w.isFree(t, dev) })
	_, err := mergePatch(t, g.apps(t, lead), `{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}`)
	must(t, err)
	must(t, g.apps(t, tenant).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	for what, patch := range exits(dev) {
		g.stopped(t, what, http.StatusForbidden, reasonExit, func() error {
			_, answer := mergePatch(t, g.apps(t, lead), patch)
			return answer
		})
	}
	_, err = mergePatch(t, g.apps(t, tenant), `{"metadata":{"finalizers":null}}`)
	must(t, err)
	if left := g.traces(t).Apps; len(left) != 0 {
		t.Error("who leaves the objects alone cannot delete the Application")
	}
}

// clustersAreUIDs is A45 and A46: an alias of another tier makes the cluster production, and not less.
func clustersAreUIDs(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	alias := newNamespace()
	w.cluster(t, alias, types.UID(g.namespace), "staging")
	to := `{"spec":{"destination":{"server":"https://` + alias + `.example"}}}`
	eventually(t, func() bool { return w.isFree(t, alias) })
	_, err := mergePatch(t, g.apps(t, lead), to)
	must(t, err)
	g.stopped(t, "a sync by the Plan of the address before", http.StatusConflict, gate.ReasonStalePlan, func() error {
		return g.sync(t)
	})
	second := newNamespace()
	w.cluster(t, second, types.UID(g.namespace), "dev")
	app := newApplication("elsewhere")
	app.Spec.Destination.Server, app.Operation = "https://"+second+".example", &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}}
	eventually(t, func() bool {
		_, err := g.applications(t, lead, g.namespace).Create(t.Context(), app, dry())
		return reasonOf(err) == gate.ReasonNoPlan
	})
	if w.isFree(t, second) {
		t.Error("under an address of a lower tier the cluster is free")
	}
}

func unknownIsGated(t *testing.T, w *world) {
	g := w.gate(t, nil)
	for what, to := range map[string]v1alpha1.ApplicationDestination{
		"an unknown address": {Server: "https://unknown.example"}, "an unknown name": {Name: "unknown"}, "nothing": {},
	} {
		app := newApplication("unknown")
		app.Spec.Destination, app.Operation = to, &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}}
		g.stopped(t, what, http.StatusForbidden, gate.ReasonNoPlan, func() error {
			_, err := g.apps(t, lead).Create(t.Context(), app, metav1.CreateOptions{})
			return err
		})
	}
}
