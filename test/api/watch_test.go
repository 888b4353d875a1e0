// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func watchStories() map[string]story {
	return map[string]story{
		"a watch begins with what there is and marks its end": watchBegins,
	}
}

func watchBegins(t *testing.T, w *world) {
	apps, _ := w.given(t)
	watcher, err := apps.Watch(t.Context(), metav1.ListOptions{
		SendInitialEvents: ptr.To(true), AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	})
	must(t, err)
	defer watcher.Stop()
	next := func() (watch.EventType, *v1alpha1.Application) {
		for event := range watcher.ResultChan() {
			app, isApplication := event.Object.(*v1alpha1.Application)
			if !isApplication {
				t.Fatalf("the watch sent %v", event)
			}
			// A bookmark that only tells the time may come whenever it likes.
			if event.Type != watch.Bookmark || len(app.Annotations) > 0 {
				return event.Type, app
			}
		}
		t.Fatal("the watch ended")
		return "", nil
	}
	if kind, app := next(); kind != watch.Added || app.Name != "web" {
		t.Errorf("first came %s of %s", kind, app.Name)
	}
	if kind, app := next(); kind != watch.Bookmark || app.Annotations[metav1.InitialEventsAnnotationKey] != "true" {
		t.Errorf("then came %s with %v", kind, app.Annotations)
	}
	if _, err := mergePatch(t, apps, `{"spec":{"project":"team"}}`); err != nil {
		t.Fatal(err)
	}
	if kind, app := next(); kind != watch.Modified || app.Spec.Project != "team" {
		t.Errorf("a change came as %s of an Application of %s", kind, app.Spec.Project)
	}
	must(t, apps.Delete(t.Context(), "web", metav1.DeleteOptions{}))
	if kind, _ := next(); kind != watch.Deleted {
		t.Errorf("a deletion came as %s", kind)
	}
}
