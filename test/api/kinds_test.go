// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func kindStories() map[string]story {
	return map[string]story{
		"nobody but the server writes a SyncRun":                 syncRunsAreRecords,
		"spec and status of a Cluster are written apart":         clusterIsSplit,
		"a Secret that a Cluster names half is refused":          clusterSecretIsWhole,
		"spec and status of an ApplicationSet are written apart": applicationSetIsSplit,
		"an AppProject keeps the status that its writer gives":   projectKeepsStatus,
		"an AppProject that denies everything is kept":           projectDeniesAll,
		"an Application is held to its AppProject":               applicationIsHeld,
		"the control plane may have another namespace":           controlPlaneMoves,
		"the scale of a Rollout is read and written":             rolloutScales,
		"the Experiment of a Rollout is ended and not forged":    experimentOfARolloutIsKept,
	}
}

func syncRunsAreRecords(t *testing.T, w *world) {
	namespace := newNamespace()
	run := &capstanv1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: "run"},
		Spec: capstanv1alpha1.SyncRunSpec{
			Application: capstanv1alpha1.SyncRunApplication{Name: "web"}, Trigger: capstanv1alpha1.TriggerManual,
		},
	}
	master := w.as(t, admin, "system:masters").CapstanV1alpha1().SyncRuns(namespace)
	_, err := master.Create(t.Context(), run, metav1.CreateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "the server alone writes it")

	own := clientOf(t, w.Config).CapstanV1alpha1().SyncRuns(namespace)
	created, err := own.Create(t.Context(), run, metav1.CreateOptions{})
	must(t, err)
	for field, patch := range map[string]string{
		"spec": `{"spec":{"trigger":"Automated"}}`, "status": `{"status":{"phase":"Succeeded"}}`,
	} {
		_, err = master.Patch(t.Context(), "run", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		refused(t, err, http.StatusUnprocessableEntity, field, "never changes")
	}
	read, err := master.Get(t.Context(), "run", metav1.GetOptions{})
	must(t, err)
	if read.ResourceVersion != created.ResourceVersion {
		t.Error("the record changed")
	}
	selected, err := master.List(t.Context(), metav1.ListOptions{FieldSelector: "spec.application.name=web"})
	must(t, err)
	others, err := master.List(t.Context(), metav1.ListOptions{FieldSelector: "spec.application.name=other"})
	must(t, err)
	if len(selected.Items) != 1 || len(others.Items) != 0 {
		t.Errorf("%d are of web, and %d of another", len(selected.Items), len(others.Items))
	}
}

func clusterIsSplit(t *testing.T, w *world) {
	clusters := w.as(t, admin).CapstanV1alpha1().Clusters()
	cluster, err := clusters.Create(t.Context(), &capstanv1alpha1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Name: newNamespace()},
		Spec:       capstanv1alpha1.ClusterSpec{Server: "https://one.example"},
		Status:     capstanv1alpha1.ClusterStatus{Version: "forged"},
	}, metav1.CreateOptions{})
	must(t, err)
	if cluster.Status.Version != "" || cluster.Generation != 1 {
		t.Errorf("create left the status %+v and the generation %d", cluster.Status, cluster.Generation)
	}
	cluster.Status.Version, cluster.Spec.Server = "v1.37.2", "https://two.example"
	cluster, err = clientOf(t, w.Config).CapstanV1alpha1().Clusters().UpdateStatus(t.Context(), cluster, metav1.UpdateOptions{})
	must(t, err)
	if cluster.Status.Version != "v1.37.2" || cluster.Spec.Server != "https://one.example" || cluster.Generation != 1 {
		t.Errorf("a status write left %+v", cluster)
	}
	cluster.Status.Version, cluster.Spec.Server = "forged", "https://two.example"
	cluster, err = clusters.Update(t.Context(), cluster, metav1.UpdateOptions{})
	must(t, err)
	if cluster.Status.Version != "v1.37.2" || cluster.Spec.Server != "https://two.example" || cluster.Generation != 2 {
		t.Errorf("a write left %+v", cluster)
	}
}

func clusterSecretIsWhole(t *testing.T, w *world) {
	for _, body := range []string{`{"name":"s"}`, `{"namespace":"n"}`} {
		err := w.as(t, admin).CapstanV1alpha1().RESTClient().Post().Resource("clusters").
			SetHeader("Content-Type", "application/json").
			Body([]byte(`{"apiVersion":"capstan.dev/v1alpha1","kind":"Cluster","metadata":{"name":"half"},
				"spec":{"credentialsSecret":` + body + `}}`)).Do(t.Context()).Error()
		refused(t, err, http.StatusUnprocessableEntity, "spec.credentialsSecret.")
	}
}

func applicationSetIsSplit(t *testing.T, w *world) {
	sets := w.as(t, admin).ArgoprojV1alpha1().ApplicationSets(newNamespace())
	set, err := sets.Create(t.Context(), &v1alpha1.ApplicationSet{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Status: v1alpha1.ApplicationSetStatus{ResourcesCount: 7},
	}, metav1.CreateOptions{})
	must(t, err)
	if set.Status.ResourcesCount != 0 {
		t.Error("create forged a status")
	}
	set.Status.ResourcesCount, set.Spec.GoTemplate = 2, ptr.To(true)
	set, err = sets.UpdateStatus(t.Context(), set, metav1.UpdateOptions{})
	must(t, err)
	if set.Status.ResourcesCount != 2 || set.Spec.GoTemplate != nil || set.Generation != 1 {
		t.Errorf("a status write left %+v", set)
	}
	set.Status.ResourcesCount, set.Spec.GoTemplate = 9, ptr.To(true)
	set, err = sets.Update(t.Context(), set, metav1.UpdateOptions{})
	must(t, err)
	if set.Status.ResourcesCount != 2 || set.Spec.GoTemplate == nil || set.Generation != 2 {
		t.Errorf("a write left %+v", set)
	}
}

func projectKeepsStatus(t *testing.T, w *world) {
	projects := w.as(t, admin).ArgoprojV1alpha1().AppProjects(newNamespace())
	tokens := map[string]v1alpha1.JWTTokens{"ci": {Items: []v1alpha1.JWTToken{{IssuedAt: 1}}}}
	project, err := projects.Create(t.Context(), &v1alpha1.AppProject{
		ObjectMeta: metav1.ObjectMeta{Name: "team"}, Status: v1alpha1.AppProjectStatus{JWTTokensByRole: tokens},
	}, metav1.CreateOptions{})
	must(t, err)
	if len(project.Status.JWTTokensByRole["ci"].Items) != 1 || project.Generation != 1 {
		t.Errorf("it left %+v", project)
	}
}

func projectDeniesAll(t *testing.T, w *world) {
	projects := w.as(t, admin).ArgoprojV1alpha1().AppProjects(newNamespace())
	_, err := projects.Create(t.Context(), &v1alpha1.AppProject{
		ObjectMeta: metav1.ObjectMeta{Name: "team"},
		Spec: v1alpha1.AppProjectSpec{Destinations: []v1alpha1.ApplicationDestination{
			{Server: "!*", Namespace: "*"}, {Server: "*", Namespace: "!*"},
		}},
	}, metav1.CreateOptions{})
	must(t, err)
}

func applicationIsHeld(t *testing.T, w *world) {
	const controlPlane = "argocd"
	projects := w.as(t, admin).ArgoprojV1alpha1().AppProjects(controlPlane)
	name := newNamespace()
	_, err := projects.Create(t.Context(), &v1alpha1.AppProject{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.AppProjectSpec{SourceRepos: []string{"https://git.example/web"}},
	}, metav1.CreateOptions{})
	must(t, err)
	app := func(namespace, repository string) error {
		wanted := newApplication(name)
		wanted.Spec.Project, wanted.Spec.Source.RepoURL = name, repository
		// The project is known as soon as the server has seen it, which a dry run can wait for.
		_, err := w.applications(t, admin, namespace).Create(t.Context(), wanted,
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	eventually(t, func() bool { return app(controlPlane, "https://git.example/other") != nil })
	refused(t, app(controlPlane, "https://git.example/other"), http.StatusForbidden, "spec.sourceRepos", name)
	refused(t, app(newNamespace(), "https://git.example/web"), http.StatusForbidden, "spec.sourceNamespaces", name)
	must(t, app(controlPlane, "https://git.example/web.git"))
}

// controlPlaneMoves has AppProjects of one name in two namespaces, of which the flag chooses.
func controlPlaneMoves(t *testing.T, _ *world) {
	const elsewhere = "gitops"
	detached := withoutControllers(t)
	own := &world{apiserver.Start(t, apiserver.Options{Assembly: assembly(), Configure: func(o *server.Options) {
		detached(o)
		o.Namespace = elsewhere
	}})}
	for namespace, repository := range map[string]string{"argocd": "https://git.example/other", elsewhere: "https://git.example/web"} {
		_, err := own.as(t, admin).ArgoprojV1alpha1().AppProjects(namespace).Create(t.Context(), &v1alpha1.AppProject{
			ObjectMeta: metav1.ObjectMeta{Name: "team"}, Spec: v1alpha1.AppProjectSpec{SourceRepos: []string{repository}},
		}, metav1.CreateOptions{})
		must(t, err)
	}
	app := func(namespace, repository string) error {
		wanted := newApplication("web")
		wanted.Spec.Project, wanted.Spec.Source.RepoURL = "team", repository
		_, err := own.applications(t, admin, namespace).Create(t.Context(), wanted,
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	eventually(t, func() bool { return app(elsewhere, "https://git.example/other") != nil })
	refused(t, app(elsewhere, "https://git.example/other"), http.StatusForbidden, "spec.sourceRepos", "team")
	refused(t, app("argocd", "https://git.example/web"), http.StatusForbidden, "spec.sourceNamespaces", "team")
	must(t, app(elsewhere, "https://git.example/web"))
}

func rolloutScales(t *testing.T, w *world) {
	namespace := newNamespace()
	rollouts := w.as(t, admin).ArgoprojV1alpha1().Rollouts(namespace)
	_, err := rollouts.Create(t.Context(), &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web"}},
		metav1.CreateOptions{})
	must(t, err)
	must(t, w.raw(t, admin).Patch(types.MergePatchType).Namespace(namespace).Resource("rollouts").Name("web").
		SubResource("scale").Body([]byte(`{"spec":{"replicas":4}}`)).Do(t.Context()).Error())
	rollout, err := rollouts.Get(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	if rollout.Spec.Replicas == nil || *rollout.Spec.Replicas != 4 {
		t.Errorf("it has %v replicas", rollout.Spec.Replicas)
	}
}
