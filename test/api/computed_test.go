// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

func computedStories() map[string]story {
	return map[string]story{
		"manifests and diff are computed for the revision of the query": computedForRevision,
		"what cannot be computed is said with its reason":               notComputed,
		"manifests and diff have rights of their own":                   computedRights,
		"a rollback to a run needs a run of the very Application":       rollbackToRun,
	}
}

func (w *world) computed(t *testing.T, user, namespace, path, revision string, into *v1alpha1.ApplicationManifests) error {
	t.Helper()
	return w.raw(t, user).Get().Namespace(namespace).Resource("applications").Name("web").SubResource(path).
		Param("revision", revision).Do(t.Context()).Into(into)
}

func computedForRevision(t *testing.T, w *world) {
	apps, _ := w.given(t)
	manifests, err := apps.ManifestsAt(t.Context(), "web", v1alpha1.ApplicationManifestsOptions{Revision: "v1"})
	must(t, err)
	if manifests.Revision != "v1" || string(manifests.Manifests[0].Raw) != `{"kind":"ConfigMap","name":"web"}` {
		t.Errorf("the manifests are %+v", manifests)
	}
	diff, err := apps.DiffAt(t.Context(), "web", v1alpha1.ApplicationDiffOptions{Revision: "v2"})
	must(t, err)
	if diff.Revision != "v2" || diff.Items[0].Action != v1alpha1.ApplicationDiffCreate {
		t.Errorf("the diff is %+v", diff)
	}
	plain, err := apps.GetManifests(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	if plain.Revision != "" {
		t.Errorf("without a revision %q is asked for", plain.Revision)
	}
}

func notComputed(t *testing.T, w *world) {
	_, namespace := w.given(t)
	for _, path := range []string{"manifests", "diff"} {
		err := w.computed(t, admin, namespace, path, "broken", &v1alpha1.ApplicationManifests{})
		refused(t, err, http.StatusUnprocessableEntity, "web", errStage.Error())
		// They are what kubectl shows.
		want := []metav1.StatusCause{{Field: "spec", Message: errStage.Error()}}
		var status apierrors.APIStatus
		if errors.As(err, &status) {
			if diff := cmp.Diff(want, status.Status().Details.Causes); diff != "" {
				t.Errorf("causes of the refusal of %s (-want +got):\n%s", path, diff)
			}
		}
	}
	empty := w.applications(t, admin, newNamespace())
	_, err := empty.GetDiff(t.Context(), "web", metav1.GetOptions{})
	refused(t, err, http.StatusNotFound, "web")
}

func computedRights(t *testing.T, w *world) {
	_, namespace := w.given(t)
	apps := w.applications(t, reader, namespace)
	get(t, apps)
	_, err := apps.GetManifests(t.Context(), "web", metav1.GetOptions{})
	refused(t, err, http.StatusForbidden, "applications/manifests")
	_, err = apps.GetDiff(t.Context(), "web", metav1.GetOptions{})
	refused(t, err, http.StatusForbidden, "applications/diff")
	_, err = apps.GetResources(t.Context(), "web", metav1.GetOptions{})
	refused(t, err, http.StatusForbidden, "applications/resources")
}

func rollbackToRun(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	app := get(t, apps)
	runs := clientOf(t, w.Config).CapstanV1alpha1().SyncRuns(namespace)
	for name, of := range map[string]capstanv1alpha1.SyncRunApplication{
		"ours":   {Name: "web", UID: app.UID},
		"theirs": {Name: "web", UID: "another"},
	} {
		_, err := runs.Create(t.Context(), &capstanv1alpha1.SyncRun{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: capstanv1alpha1.SyncRunSpec{
				Application: of, Revision: "deployed", Trigger: capstanv1alpha1.TriggerManual,
				Sources: v1alpha1.ApplicationSources{*app.Spec.Source},
			},
			Status: capstanv1alpha1.SyncRunStatus{Phase: v1alpha1.OperationSucceeded},
		}, metav1.CreateOptions{})
		must(t, err)
	}
	_, err := apps.Rollback(t.Context(), "web", &v1alpha1.ApplicationRollback{Run: "theirs"}, metav1.CreateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "run", "another Application")
	app, err = apps.Rollback(t.Context(), "web", &v1alpha1.ApplicationRollback{Run: "ours"}, metav1.CreateOptions{})
	must(t, err)
	if app.Operation.Sync.Revision != "deployed" {
		t.Errorf("it goes to %+v", app.Operation.Sync)
	}
}
