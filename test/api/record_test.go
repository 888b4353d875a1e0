// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
)

func recordStories() map[string]story {
	return map[string]story{
		"resources are read where they were reported":               resourcesAreRead,
		"a status without resources leaves the record":              recordIsLeft,
		"the same resources again write nothing":                    sameResources,
		"many resources alone do not write the Application":         resourcesAlone,
		"a list may become long and short again":                    changingLength,
		"many resources are read beside the Application":            manyResources,
		"another Application of the name does not see the old ones": anotherApplication,
		"a dry run of a status keeps no resources":                  resourcesDryRun,
		"a watch shows resources":                                   watchShowsResources,
		"each of many watches shows resources":                      manyWatchesShowResources,
		"a status of an older version leaves the record":            olderLeavesRecord,
	}
}

func olderLeavesRecord(t *testing.T, w *world) {
	apps, _ := w.given(t)
	older := get(t, apps)
	want := some(30, v1alpha1.SyncStatusCodeSynced)
	report(t, apps, func(app *v1alpha1.Application) {
		app.Status.Sync.Status, app.Status.Resources = v1alpha1.SyncStatusCodeSynced, want
	})
	older.Status.Resources = some(25, v1alpha1.SyncStatusCodeOutOfSync)
	if _, err := apps.UpdateStatus(t.Context(), older, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("the answer is %v, want a conflict", err)
	}
	becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
	if got := get(t, apps).Status.Sync.Status; got != v1alpha1.SyncStatusCodeSynced {
		t.Errorf("the status is %s", got)
	}
}

func some(count int, status v1alpha1.SyncStatusCode) []v1alpha1.ResourceStatus {
	items := make([]v1alpha1.ResourceStatus, count)
	for i := range items {
		items[i] = v1alpha1.ResourceStatus{Version: "v1", Kind: "ConfigMap", Name: fmt.Sprint("c-", i), Status: status}
	}
	return items
}

func listed(t *testing.T, apps argoclient.ApplicationInterface) []v1alpha1.ResourceStatus {
	t.Helper()
	answer, err := apps.GetResources(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	return answer.Items
}

func reportResources(
	t *testing.T, apps argoclient.ApplicationInterface, items []v1alpha1.ResourceStatus,
) *v1alpha1.Application {
	t.Helper()
	return report(t, apps, func(app *v1alpha1.Application) { app.Status.Resources = items })
}

// becomes waits for a read that is answered from the watch cache.
func becomes(t *testing.T, want []v1alpha1.ResourceStatus, read func() []v1alpha1.ResourceStatus) {
	t.Helper()
	var diff string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if diff = cmp.Diff(want, read()); diff == "" {
			return
		}
	}
	t.Errorf("resources (-want +got):\n%s", diff)
}

func resourcesAreRead(t *testing.T, w *world) {
	apps, _ := w.given(t)
	if got := listed(t, apps); got == nil || len(got) != 0 {
		t.Errorf("before the first report there are %v", got)
	}
	want := some(2, v1alpha1.SyncStatusCodeSynced)
	reportResources(t, apps, want)
	becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
	becomes(t, want, func() []v1alpha1.ResourceStatus { return get(t, apps).Status.Resources })
	becomes(t, want, func() []v1alpha1.ResourceStatus {
		list, err := apps.List(t.Context(), metav1.ListOptions{})
		must(t, err)
		return list.Items[0].Status.Resources
	})
}

func recordIsLeft(t *testing.T, w *world) {
	apps, _ := w.given(t)
	want := some(1, v1alpha1.SyncStatusCodeSynced)
	reportResources(t, apps, want)
	report(t, apps, func(app *v1alpha1.Application) {
		app.Status.Resources, app.Status.Health.Status = nil, v1alpha1.HealthStatusHealthy
	})
	becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
}

func sameResources(t *testing.T, w *world) {
	apps, _ := w.given(t)
	first := reportResources(t, apps, some(3, v1alpha1.SyncStatusCodeSynced))
	second := reportResources(t, apps, some(3, v1alpha1.SyncStatusCodeSynced))
	if first.ResourceVersion != second.ResourceVersion {
		t.Errorf("the resourceVersion moved from %s to %s", first.ResourceVersion, second.ResourceVersion)
	}
}

func resourcesAlone(t *testing.T, w *world) {
	apps, _ := w.given(t)
	first := reportResources(t, apps, some(30, v1alpha1.SyncStatusCodeSynced))
	want := some(30, v1alpha1.SyncStatusCodeOutOfSync)
	second := reportResources(t, apps, want)
	if first.ResourceVersion != second.ResourceVersion {
		t.Errorf("the resourceVersion moved from %s to %s", first.ResourceVersion, second.ResourceVersion)
	}
	becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
}

func changingLength(t *testing.T, w *world) {
	apps, _ := w.given(t)
	for _, count := range []int{3, 30, 4, 31, 31, 5} {
		want := some(count, v1alpha1.SyncStatusCodeSynced)
		reportResources(t, apps, want)
		becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
		becomes(t, want, func() []v1alpha1.ResourceStatus {
			return append([]v1alpha1.ResourceStatus{}, get(t, apps).Status.Resources...)
		})
	}
}

func manyResources(t *testing.T, w *world) {
	apps, _ := w.given(t)
	want := some(501, v1alpha1.SyncStatusCodeSynced)
	reportResources(t, apps, want)
	becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
	if got := get(t, apps).Status.Resources; len(got) != 0 {
		t.Errorf("the Application itself holds %d", len(got))
	}
}

func anotherApplication(t *testing.T, w *world) {
	apps, _ := w.given(t)
	reportResources(t, apps, some(1, v1alpha1.SyncStatusCodeSynced))
	must(t, apps.Delete(t.Context(), "web", metav1.DeleteOptions{}))
	create(t, apps, newApplication("web"))
	if got := append(listed(t, apps), get(t, apps).Status.Resources...); len(got) != 0 {
		t.Errorf("it sees %v", got)
	}
}

func resourcesDryRun(t *testing.T, w *world) {
	apps, _ := w.given(t)
	app := get(t, apps)
	app.Status.Resources = some(1, v1alpha1.SyncStatusCodeSynced)
	_, err := apps.UpdateStatus(t.Context(), app, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
	must(t, err)
	want := some(2, v1alpha1.SyncStatusCodeSynced)
	reportResources(t, apps, want)
	becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
}

func watchShowsResources(t *testing.T, w *world) {
	apps, _ := w.given(t)
	for _, count := range []int{1, 30} {
		want := some(count, v1alpha1.SyncStatusCodeSynced)
		reported := reportResources(t, apps, want)
		becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
		// A list that must be so new waits until the cache is, from which the watch begins.
		_, err := apps.List(t.Context(), metav1.ListOptions{
			ResourceVersion: reported.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
		})
		must(t, err)
		if diff := cmp.Diff(want, watched(t, apps)); diff != "" {
			t.Errorf("resources (-want +got):\n%s", diff)
		}
	}
}

// watched returns the resources that the first event of a watch shows.
func watched(t *testing.T, apps argoclient.ApplicationInterface) []v1alpha1.ResourceStatus {
	t.Helper()
	watcher, err := apps.Watch(t.Context(), metav1.ListOptions{ResourceVersion: "0"})
	must(t, err)
	defer watcher.Stop()
	event := <-watcher.ResultChan()
	app, isApplication := event.Object.(*v1alpha1.Application)
	if !isApplication {
		t.Fatalf("the watch sent %v", event)
	}
	return app.Status.Resources
}

func manyWatchesShowResources(t *testing.T, w *world) {
	apps, _ := w.given(t)
	want := some(30, v1alpha1.SyncStatusCodeSynced)
	reported := reportResources(t, apps, want)
	becomes(t, want, func() []v1alpha1.ResourceStatus { return listed(t, apps) })
	var watchers []watch.Interface
	for range 5 {
		watcher, err := apps.Watch(t.Context(), metav1.ListOptions{ResourceVersion: reported.ResourceVersion})
		must(t, err)
		t.Cleanup(watcher.Stop)
		watchers = append(watchers, watcher)
	}
	report(t, apps, func(app *v1alpha1.Application) { app.Status.Health.Status = v1alpha1.HealthStatusHealthy })
	for i, watcher := range watchers {
		for event := range watcher.ResultChan() {
			app, isApplication := event.Object.(*v1alpha1.Application)
			if !isApplication {
				t.Fatalf("watch %d tells of a %T", i, event.Object)
			}
			if app.Status.Health.Status != v1alpha1.HealthStatusHealthy {
				continue
			}
			if diff := cmp.Diff(want, app.Status.Resources); diff != "" {
				t.Errorf("resources of watch %d (-want +got):\n%s", i, diff)
			}
			break
		}
	}
}
