// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// invalidated are the repositories that are to be asked again.
type invalidated struct {
	Sources
	urls []string
}

func (i *invalidated) Invalidate(url string) { i.urls = append(i.urls, url) }

func TestEachTermAsksTheRepositoriesAgain(t *testing.T) {
	t.Parallel()
	applications := cache.NewIndexer(cache.MetaNamespaceKeyFunc, Indexers())
	for _, name := range []string{"one", "two"} {
		app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: name}}
		app.Spec.Source = &v1alpha1.ApplicationSource{RepoURL: "https://git.example/app"}
		if err := applications.Add(app); err != nil {
			t.Fatal(err)
		}
	}
	asked := &invalidated{}
	over, end := context.WithCancel(t.Context())
	end()
	reconciler := New(Options{Applications: applications, Sources: asked, KeepEvery: time.Hour})
	for range 2 {
		reconciler.Run(over)
	}
	want := []string{"https://git.example/app", "https://git.example/app"}
	if !slices.Equal(asked.urls, want) {
		t.Errorf("the repositories that are asked again are %q, want %q", asked.urls, want)
	}
}
