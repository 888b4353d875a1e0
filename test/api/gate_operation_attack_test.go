// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func operationAttacks() map[string]attack {
	return map[string]attack{
		"no way to set an operation passes before the Plan is approved":       operationsWait,
		"an operation that differs from the spec never passes":                operationsDiffer,
		"a sync that differs from the spec never passes":                      syncsDiffer,
		"what a gated write does besides needs a verb of its own":             effectsNeedVerbs,
		"an operation is of who set it, and is no rollback because it says":   operationsAreStamped,
		"a sync deletes nothing that the approved Plan does not":              pruneIsPlanned,
		"a Plan of a sync lets no rollback through, whatever history is told": historyIsForged,
		"no action runs on what is gated":                                     actionsAreRefused,
		"a status says nothing of the gate, whoever writes it":                gateStatusIsKept,
	}
}

// operationsWait is A64 and A66: the object that is replaced is judged, whatever the verb.
func operationsWait(t *testing.T, w *world) {
	g := w.gate(t, nil)
	ways := g.ways(t, lead, "operation", `{"sync":{}}`)
	put := func(version bool) func() error {
		return func() error {
			app := get(t, g.apps(t, admin))
			app.Operation = &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}}
			if !version {
				app.ResourceVersion = ""
			}
			_, err := g.apps(t, lead).Update(t.Context(), app, metav1.UpdateOptions{})
			return err
		}
	}
	ways["PUT"], ways["PUT without a version"] = put(true), put(false)
	ways["sync"] = func() error { return g.sync(t) }
	ways["a sync as system:masters"] = func() error {
		_, err := g.as(t, "root", "system:masters").ArgoprojV1alpha1().Applications(g.namespace).
			Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, metav1.CreateOptions{})
		return err
	}
	ways["a sync by the server's own credential"] = func() error {
		_, err := clientOf(t, g.Config).ArgoprojV1alpha1().Applications(g.namespace).
			Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, metav1.CreateOptions{})
		return err
	}
	for how, attempt := range ways {
		g.stopped(t, how, http.StatusForbidden, gate.ReasonApprovalRequired, attempt)
	}
	if err := mergeOf(g.ways(t, editor, "operation", `{"sync":{}}`)); err == nil {
		t.Error("who may not even read passes")
	}
}

func mergeOf(ways map[string]func() error) error { return ways["a merge patch"]() }

// operationsDiffer is A15, A16, A18 and A19, behind an approved Plan and with all verbs.
func operationsDiffer(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	for what, sync := range map[string]string{
		"local manifests":    `{"manifests":["{\"kind\":\"ConfigMap\"}"]}`,
		"another source":     `{"source":{"repoURL":"https://git.example/evil","path":"web"}}`,
		"other sources":      `{"sources":[{"repoURL":"https://git.example/evil","path":"web"}]}`,
		"another revision":   `{"revision":"evil"}`,
		"other revisions":    `{"revisions":["evil"]}`,
		"some objects":       `{"resources":[{"kind":"ConfigMap","name":"web"}]}`,
		"Replace":            `{"syncOptions":["Replace=true"]}`,
		"Force":              `{"syncStrategy":{"hook":{"force":true}}}`,
		"no hooks":           `{"syncStrategy":{"apply":{"force":true}}}`,
		"an unusual option":  `{"syncOptions":["ServerSideApply=false"]}`,
		"a padded revision":  `{"revision":" HEAD"}`,
		"a revision's case":  `{"revision":"head"}`,
		"a prune in passing": `{"prune":true,"resources":[{"kind":"*","name":"*"}]}`,
	} {
		for how, attempt := range g.ways(t, lead, "operation", `{"sync":`+sync+`}`) {
			g.stopped(t, what+" by "+how, http.StatusForbidden, "OperationOverride", attempt)
		}
	}
	for how, attempt := range g.ways(t, lead, "operation", `{"sync":{},"retry":{"limit":1,"refresh":true}}`) {
		g.stopped(t, "a newer revision at a retry by "+how, http.StatusForbidden, "OperationOverride", attempt)
	}
	must(t, g.sync(t))
}

func syncsDiffer(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	for what, request := range map[string]*v1alpha1.ApplicationSync{
		"another revision": {Revision: "evil"},
		"some objects":     {Resources: []v1alpha1.SyncOperationResource{{Kind: "ConfigMap", Name: "web"}}},
		"options":          {SyncOptions: v1alpha1.SyncOptions{"Replace=true", "Force=true"}},
		"a strategy":       {SyncStrategy: &v1alpha1.SyncStrategy{Apply: &v1alpha1.SyncStrategyApply{}}},
	} {
		g.stopped(t, what, http.StatusForbidden, "OperationOverride", func() error {
			_, err := g.apps(t, lead).Sync(t.Context(), "web", request, metav1.CreateOptions{})
			return err
		})
	}
}

func effectsNeedVerbs(t *testing.T, w *world) {
	g := w.gate(t, nil)
	for what, patch := range map[string]string{
		"prune":    `{"operation":{"sync":{"prune":true}}}`,
		"override": `{"spec":{"syncPolicy":{"syncOptions":["Replace=true"]}}}`,
		"automate": `{"spec":{"syncPolicy":{"automated":{}}}}`,
		"retarget": `{"spec":{"destination":{"namespace":"other"}}}`,
		"destroy":  `{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}`,
	} {
		g.stopped(t, what, http.StatusForbidden, "MissingRight", func() error {
			_, err := mergePatch(t, g.apps(t, tenant), patch)
			return err
		})
	}
	_, err := mergePatch(t, g.apps(t, tenant), `{"spec":{"source":{"path":"other"}}}`)
	must(t, err)
	g.stopped(t, "an approval of the Plan of the spec before", http.StatusConflict, gate.ReasonStalePlan, func() error {
		_, err := g.approve(t, alice, metav1.CreateOptions{})
		return err
	})
}

// operationsAreStamped is A60.
func operationsAreStamped(t *testing.T, w *world) {
	const infos = `"info":[{"name":"capstan.dev/plan","value":"mine"},{"name":"capstan.dev/rollback","value":"x"},
		{"name":"capstan.dev/requester-uid","value":"1"},{"name":"capstan.dev/requester-groups","value":"bosses"}],
		"initiatedBy":{"username":"boss","automated":true}`
	g := w.gate(t, nil)
	g.approved(t, alice)
	for how, attempt := range g.ways(t, lead, "operation",
		`{"sync":{"source":{"repoURL":"https://git.example/evil","path":"web"}},`+infos+`}`) {
		g.stopped(t, "a rollback that only says so, by "+how, http.StatusForbidden, "OperationOverride", attempt)
	}
	must(t, mergeOf(g.ways(t, lead, "operation", `{"sync":{},`+infos+`}`)))
	operation := get(t, g.apps(t, admin)).Operation
	if operation.InitiatedBy.Username != lead || operation.InitiatedBy.Automated {
		t.Errorf("it is initiated by %+v", operation.InitiatedBy)
	}
	forged := slices.ContainsFunc(operation.Info, func(info v1alpha1.Info) bool {
		return info.Name != v1alpha1.InfoRequesterGroups || info.Value != "system:authenticated"
	})
	if forged {
		t.Errorf("the infos are %+v", operation.Info)
	}
}

func pruneIsPlanned(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	prune := true
	g.stopped(t, "a sync with prune", http.StatusForbidden, "PruneNotPlanned", func() error {
		_, err := g.apps(t, lead).Sync(t.Context(), "web", &v1alpha1.ApplicationSync{Prune: &prune}, metav1.CreateOptions{})
		return err
	})
	for how, attempt := range g.ways(t, lead, "operation", `{"sync":{"prune":true}}`) {
		g.stopped(t, how, http.StatusForbidden, "PruneNotPlanned", attempt)
	}
}

// historyIsForged is the second half of A72.
func historyIsForged(t *testing.T, w *world) {
	g := w.gate(t, nil)
	report(t, g.apps(t, admin), func(app *v1alpha1.Application) { app.Status.History = history() })
	g.approved(t, alice)
	g.stopped(t, "a rollback", http.StatusConflict, gate.ReasonStalePlan, func() error {
		_, err := g.apps(t, lead).Rollback(t.Context(), "web", &v1alpha1.ApplicationRollback{ID: 1}, metav1.CreateOptions{})
		return err
	})
	g.plan = g.propose(t, func(spec *capstanv1alpha1.PlanSpec) {
		spec.Number, spec.Kind, spec.Run = 2, capstanv1alpha1.PlanRollback, "web-1"
	})
	g.approved(t, alice)
	g.stopped(t, "a sync by the Plan of a rollback", http.StatusConflict, gate.ReasonStalePlan, func() error {
		return g.sync(t)
	})
}

func actionsAreRefused(t *testing.T, w *world) {
	g := w.gate(t, nil)
	for _, user := range []string{admin} {
		g.stopped(t, user, http.StatusForbidden, "ActionForbidden", func() error {
			_, err := g.apps(t, user).RunAction(t.Context(), "web", &v1alpha1.ApplicationAction{
				Action: "restart", Resource: v1alpha1.ResourceRef{Group: "apps", Kind: "Deployment", Name: "web"},
			}, metav1.CreateOptions{})
			return err
		})
	}
}

// gateStatusIsKept is A72.
func gateStatusIsKept(t *testing.T, w *world) {
	g := w.gate(t, nil)
	const status = `{"gate":{"state":"Approved","deployed":{"plan":"mine","manifests":"sha256:ff"}}}`
	ways := g.ways(t, admin, "status", status)
	ways["PUT of the status"] = func() error {
		app := get(t, g.apps(t, admin))
		app.Status.Gate = &v1alpha1.ApplicationGate{Deployed: &v1alpha1.GateDeployment{Plan: "mine", Manifests: "sha256:ff"}}
		_, err := g.apps(t, admin).UpdateStatus(t.Context(), app, metav1.UpdateOptions{})
		return err
	}
	ways["apply of the status"] = func() error {
		_, err := apply(t, g.apps(t, admin), `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application",
			"metadata":{"name":"web"},"status":`+status+`}`, "status")
		return err
	}
	for how, attempt := range ways {
		must(t, attempt())
		if got := get(t, g.apps(t, admin)).Status.Gate; got != nil {
			t.Errorf("%s left %+v", how, got)
		}
	}
	own := clientOf(t, g.Config).ArgoprojV1alpha1().Applications(g.namespace)
	app := report(t, own, func(app *v1alpha1.Application) { app.Status.Gate = &v1alpha1.ApplicationGate{Plan: "web-1"} })
	if app.Status.Gate == nil {
		t.Fatal("the server itself cannot write it")
	}
	_, err := g.apps(t, admin).Patch(t.Context(), "web", "application/merge-patch+json", []byte(`{"status":{"gate":null}}`),
		metav1.PatchOptions{}, "status")
	must(t, err)
	if got := get(t, g.apps(t, admin)).Status.Gate; got == nil || got.Plan != "web-1" {
		t.Errorf("it was erased: %+v", got)
	}
}
