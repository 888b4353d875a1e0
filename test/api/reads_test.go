// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func readStories() map[string]story {
	return map[string]story{
		"a table shows sync, health, revision and project":    tableOfApplications,
		"Applications are selected by their fields":           fieldSelectors,
		"an unknown field selector is refused with the known": unknownFieldSelector,
		"a list is read in pages":                             pages,
	}
}

func tableOfApplications(t *testing.T, w *world) {
	apps, namespace := w.given(t)
	report(t, apps, func(app *v1alpha1.Application) {
		app.Status.Sync = v1alpha1.SyncStatus{
			Status: v1alpha1.SyncStatusCodeSynced, Revision: "0123456789abcdef0123456789abcdef01234567",
		}
		app.Status.Health.Status = v1alpha1.HealthStatusHealthy
	})
	body, err := w.raw(t, admin).Get().Namespace(namespace).Resource("applications").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(t.Context())
	must(t, err)
	var table metav1.Table
	must(t, json.Unmarshal(body, &table))
	type heading struct {
		Name string
		Wide bool
	}
	want := []heading{
		{"Name", false}, {"Sync Status", false}, {"Health Status", false}, {"Revision", false}, {"Gate", false},
		{"Project", false}, {"Age", false}, {"Destination", true}, {"Source", true}, {"Operation", true}, {"Message", true},
	}
	var got []heading
	for _, column := range table.ColumnDefinitions {
		got = append(got, heading{column.Name, column.Priority > 0})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headings (-want +got):\n%s", diff)
	}
	if len(table.Rows) != 1 {
		t.Fatalf("the table has %d rows", len(table.Rows))
	}
	cells := table.Rows[0].Cells
	cells[6] = nil // the age
	expected := []any{"web", "Synced", "Healthy", "0123456", "", "default", nil,
		"https://one.example/web", "https://git.example/web//web", "", ""}
	if diff := cmp.Diff(expected, cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

func fieldSelectors(t *testing.T, w *world) {
	apps, _ := w.given(t)
	other := newApplication("other")
	other.Spec.Project, other.Spec.Destination = "team", v1alpha1.ApplicationDestination{Name: "two", Namespace: "web"}
	create(t, apps, other)
	report(t, apps, func(app *v1alpha1.Application) {
		app.Status.Sync.Status, app.Status.Health.Status = v1alpha1.SyncStatusCodeOutOfSync, v1alpha1.HealthStatusDegraded
	})
	for selector, want := range map[string][]string{
		"metadata.name=other":                         {"other"},
		"spec.project=team":                           {"other"},
		"spec.project!=team":                          {"web"},
		"spec.destination.name=two":                   {"other"},
		"spec.destination.server=https://one.example": {"web"},
		"status.sync.status=OutOfSync":                {"web"},
		"status.health.status=Degraded":               {"web"},
		"status.health.status=Healthy":                nil,
		"spec.project=default,status.sync.status=":    nil,
	} {
		list, err := apps.List(t.Context(), metav1.ListOptions{FieldSelector: selector})
		if err != nil {
			t.Errorf("%s: %v", selector, err)
			continue
		}
		var got []string
		for _, app := range list.Items {
			got = append(got, app.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", selector, diff)
		}
	}
}

func unknownFieldSelector(t *testing.T, w *world) {
	apps, _ := w.given(t)
	_, err := apps.List(t.Context(), metav1.ListOptions{FieldSelector: "spec.source.path=web"})
	refused(t, err, http.StatusBadRequest, "spec.source.path", "spec.project", "spec.destination.name",
		"spec.destination.server", "status.sync.status", "status.health.status")
}

func pages(t *testing.T, w *world) {
	const total, size = 5, 2
	apps := w.applications(t, admin, newNamespace())
	want := map[string]bool{}
	for i := range total {
		name := fmt.Sprintf("web-%d", i)
		want[name] = true
		create(t, apps, newApplication(name))
	}
	options := metav1.ListOptions{Limit: size}
	requests := 0
	for more := true; more; more = options.Continue != "" {
		list, err := apps.List(t.Context(), options)
		must(t, err)
		if len(list.Items) > size {
			t.Fatalf("a page holds %d", len(list.Items))
		}
		for _, app := range list.Items {
			if !want[app.Name] {
				t.Errorf("%s is read twice, or was never created", app.Name)
			}
			delete(want, app.Name)
		}
		options.Continue = list.Continue
		requests++
	}
	if len(want) != 0 || requests != 3 {
		t.Errorf("after %d pages %v are missing", requests, want)
	}
}
