// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func subresourceStories() map[string]story {
	return map[string]story{
		"every action has a right of its own":                       actionsHaveRights,
		"a dry run of an action leaves no trace":                    actionsDryRun,
		"a sync says what to sync and records who asked":            syncRecords,
		"what a sync leaves open is as the sync policy says":        syncFollowsPolicy,
		"a body with a fault is refused with the name of its field": bodiesAreValidated,
		"a rollback goes to an entry of the history":                rollbackGoesBack,
		"a refresh sets the annotation that the peer knows":         refreshAnnotates,
		"an action on nothing is not found":                         actionsOnNothing,
		"a plain request syncs as kubectl create --raw does":        rawSync,
	}
}

type action func(apps argoclient.ApplicationInterface, options metav1.CreateOptions) (*v1alpha1.Application, error)

// actions are the subresources that are created, by their names.
func actions(t *testing.T) map[string]action {
	t.Helper()
	return map[string]action{
		"sync": func(apps argoclient.ApplicationInterface, options metav1.CreateOptions) (*v1alpha1.Application, error) {
			return apps.Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, options)
		},
		"rollback": func(apps argoclient.ApplicationInterface, options metav1.CreateOptions) (*v1alpha1.Application, error) {
			return apps.Rollback(t.Context(), "web", &v1alpha1.ApplicationRollback{ID: 1}, options)
		},
		"refresh": func(apps argoclient.ApplicationInterface, options metav1.CreateOptions) (*v1alpha1.Application, error) {
			return apps.Refresh(t.Context(), "web", &v1alpha1.ApplicationRefresh{}, options)
		},
		"terminate": func(apps argoclient.ApplicationInterface, options metav1.CreateOptions) (*v1alpha1.Application, error) {
			return apps.Terminate(t.Context(), "web", &v1alpha1.ApplicationTerminate{}, options)
		},
	}
}

// ready makes an Application on which every action can be done.
func (w *world) ready(t *testing.T, name string) (argoclient.ApplicationInterface, string) {
	t.Helper()
	apps, namespace := w.given(t)
	if name == "terminate" {
		running(t, apps)
	}
	report(t, apps, func(app *v1alpha1.Application) { app.Status.History = history() })
	return apps, namespace
}

func history() v1alpha1.RevisionHistories {
	var entries v1alpha1.RevisionHistories
	for id, revision := range []string{"zero", "first", "second"} {
		if id == 0 {
			continue
		}
		entries = append(entries, v1alpha1.RevisionHistory{
			ID: int64(id), Revision: revision, DeployedAt: metav1.Now().Rfc3339Copy(),
			Source: v1alpha1.ApplicationSource{RepoURL: "https://git.example/" + revision, Path: "web"},
		})
	}
	return entries
}

func actionsHaveRights(t *testing.T, _ *world) {
	own := &world{apiserver.Start(t, apiserver.Options{Assembly: assembly(), Configure: withoutControllers(t)})}
	for name, ask := range actions(t) {
		own.Rules.Allow(rules()...)
		apps, namespace := own.ready(t, name)
		_, err := ask(own.applications(t, editor, namespace), metav1.CreateOptions{})
		refused(t, err, http.StatusForbidden, "applications/"+name)
		own.Rules.Allow(apiserver.Rule{User: "robot", Verb: "create", Resource: "applications/" + name})
		if _, err := ask(own.applications(t, "robot", namespace), metav1.CreateOptions{}); err != nil {
			t.Errorf("%s, by who may do nothing else: %v", name, err)
		}
		own.Rules.Allow(rules()...)
		if app := get(t, apps); name == "sync" && app.Operation == nil {
			t.Errorf("%s did nothing", name)
		}
	}
}

func actionsDryRun(t *testing.T, w *world) {
	for name, ask := range actions(t) {
		apps, _ := w.ready(t, name)
		before := get(t, apps)
		app, err := ask(apps, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if cmp.Equal(before, app) {
			t.Errorf("%s answers as if it did nothing", name)
		}
		if diff := cmp.Diff(before, get(t, apps)); diff != "" {
			t.Errorf("%s left a trace:\n%s", name, diff)
		}
	}
}

func syncRecords(t *testing.T, w *world) {
	_, namespace := w.given(t)
	config := w.As(admin, "ops", "devs")
	config.Impersonate.UID = "uid-1"
	prune := true
	app, err := clientOf(t, config).ArgoprojV1alpha1().Applications(namespace).Sync(t.Context(), "web",
		&v1alpha1.ApplicationSync{
			Revision: "v1", Prune: &prune, DryRun: true,
			Resources: []v1alpha1.SyncOperationResource{{Kind: "Service", Name: "web"}},
			Infos:     []v1alpha1.Info{{Name: v1alpha1.InfoRequesterUID, Value: "forged"}, {Name: "reason", Value: "x"}},
		}, metav1.CreateOptions{})
	must(t, err)
	want := &v1alpha1.Operation{
		Sync: &v1alpha1.SyncOperation{
			Revision: "v1", Prune: true, DryRun: true,
			Resources: []v1alpha1.SyncOperationResource{{Kind: "Service", Name: "web"}},
		},
		InitiatedBy: v1alpha1.OperationInitiator{Username: admin},
		Info: []v1alpha1.Info{
			{Name: "reason", Value: "x"}, {Name: v1alpha1.InfoRequesterUID, Value: "uid-1"},
			{Name: v1alpha1.InfoRequesterGroups, Value: "ops,devs,system:authenticated"},
		},
	}
	if diff := cmp.Diff(want, app.Operation); diff != "" {
		t.Errorf("operation (-want +got):\n%s", diff)
	}
}

func syncFollowsPolicy(t *testing.T, w *world) {
	apps, _ := w.given(t)
	_, err := mergePatch(t, apps, `{"spec":{"syncPolicy":{"syncOptions":["Validate=false"],"retry":{"limit":3}}}}`)
	must(t, err)
	app, err := apps.Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, metav1.CreateOptions{})
	must(t, err)
	if diff := cmp.Diff(v1alpha1.SyncOptions{"Validate=false"}, app.Operation.Sync.SyncOptions); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	if limit := app.Operation.Retry.Limit; limit == nil || *limit != 3 {
		t.Errorf("it is tried again %v times", limit)
	}
}

func bodiesAreValidated(t *testing.T, w *world) {
	_, namespace := w.given(t)
	for name, test := range map[string]struct {
		subresource, body string
		code              int
		says              []string
	}{
		"revisions of one source":   {"sync", `{"revisions":["a"]}`, http.StatusUnprocessableEntity, []string{"revisions"}},
		"a resource without a kind": {"sync", `{"resources":[{"name":"a"}]}`, http.StatusUnprocessableEntity, []string{"resources[0].kind"}},
		"a resource without a name": {"sync", `{"resources":[{"kind":"A"}]}`, http.StatusUnprocessableEntity, []string{"resources[0].name"}},
		"an unknown kind of refresh": {
			"refresh", `{"type":"soft"}`, http.StatusUnprocessableEntity, []string{"type", "normal", "hard"},
		},
		"an unknown deployment": {"rollback", `{"id":9}`, http.StatusUnprocessableEntity, []string{"id", "status.history"}},
		"an unknown run":        {"rollback", `{"run":"none"}`, http.StatusUnprocessableEntity, []string{"run", "none"}},
		"a wrong type":          {"sync", `{"prune":"yes"}`, http.StatusBadRequest, []string{"prune"}},
	} {
		err := w.raw(t, admin).Post().Namespace(namespace).Resource("applications").Name("web").
			SubResource(test.subresource).SetHeader("Content-Type", "application/json").Body([]byte(test.body)).
			Do(t.Context()).Error()
		if err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		t.Run(name, func(t *testing.T) { refused(t, err, test.code, test.says...) })
	}
}

func rollbackGoesBack(t *testing.T, w *world) {
	for _, id := range []int64{0, 1} {
		apps, _ := w.ready(t, "rollback")
		app, err := apps.Rollback(t.Context(), "web", &v1alpha1.ApplicationRollback{ID: id}, metav1.CreateOptions{})
		must(t, err)
		got := app.Operation
		if got.Sync.Revision != "first" || got.Sync.Source == nil || got.Sync.Source.RepoURL != "https://git.example/first" {
			t.Errorf("id %d goes to %+v", id, got.Sync)
		}
		if got.InitiatedBy.Username != admin || got.Info[len(got.Info)-1].Name != v1alpha1.InfoRollback {
			t.Errorf("the operation is not known as a rollback of the user: %+v", got)
		}
	}
}

func refreshAnnotates(t *testing.T, w *world) {
	apps, _ := w.given(t)
	before := get(t, apps)
	for kind, want := range map[v1alpha1.RefreshType]string{"": "normal", "normal": "normal", "hard": "hard"} {
		app, err := apps.Refresh(t.Context(), "web", &v1alpha1.ApplicationRefresh{Type: kind}, metav1.CreateOptions{})
		must(t, err)
		if got := app.Annotations["argocd.argoproj.io/refresh"]; got != want {
			t.Errorf("%q sets %q", kind, got)
		}
		if app.Generation != before.Generation {
			t.Error("the generation moved")
		}
	}
}

func actionsOnNothing(t *testing.T, w *world) {
	apps := w.applications(t, admin, newNamespace())
	for name, ask := range actions(t) {
		_, err := ask(apps, metav1.CreateOptions{})
		if err == nil {
			t.Errorf("%s does something", name)
			continue
		}
		refused(t, err, http.StatusNotFound, `"web" not found`)
	}
}

func rawSync(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	err := w.raw(t, admin).Post().
		AbsPath("/apis/argoproj.io/v1alpha1/namespaces/"+namespace+"/applications/web/sync").
		SetHeader("Content-Type", "application/json").
		Body([]byte(`{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationSync","revision":"v1"}`)).
		Do(t.Context()).Error()
	must(t, err)
	if app := get(t, apps); app.Operation == nil || app.Operation.Sync.Revision != "v1" {
		t.Errorf("the operation is %+v", app.Operation)
	}
}
