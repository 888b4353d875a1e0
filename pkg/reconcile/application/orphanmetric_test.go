// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/tree"
)

func TestOrphanedObjectsAreCountedWhereTheProjectAsks(t *testing.T) {
	t.Parallel()
	known := &states{}
	known.clear()
	app := func(name string) *v1alpha1.Application {
		made := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: name}}
		known.of(made)
		return made
	}
	shop, gone, silent := app("shop"), app("gone"), app("silent")
	known.setOrphaned(shop, &orphanCount{project: "web", count: 3})
	known.setOrphaned(gone, &orphanCount{project: "web", count: 2})
	known.setOrphaned(silent, &orphanCount{project: "web", count: 1})
	known.setOrphaned(silent, nil)
	known.forget(types.NamespacedName{Namespace: "argocd", Name: "gone"})
	known.setOrphaned(gone, &orphanCount{project: "web", count: 2})

	const want = `
# HELP argocd_app_orphaned_resources_count Objects of the destination's namespace that belong to no Application, ` +
		`where the project asks for them.
# TYPE argocd_app_orphaned_resources_count gauge
argocd_app_orphaned_resources_count{name="shop",namespace="argocd",project="web"} 3
`
	if err := testutil.CollectAndCompare(newOrphanCollector(known), strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	known.clear()
	if count := testutil.CollectAndCount(newOrphanCollector(known)); count != 0 {
		t.Errorf("a new term shows %d counts of the last one", count)
	}
}

func TestNothingIsCountedThatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	some := tree.Tree{Orphaned: make([]tree.Node, 2)}
	unread := tree.Tree{Unread: []tree.Gap{{}}}
	for name, test := range map[string]struct {
		before orphans
		found  tree.Tree
		err    error
		want   *orphanCount
	}{
		"before the first reading there is no count": {orphans{}, tree.Tree{}, errors.New("no answer"), nil},
		"nor where a kind could not be read":         {orphans{}, unread, nil, nil},
		"what could be read counts":                  {orphans{}, some, nil, &orphanCount{"web", 2}},
		"none counts as well":                        {orphans{count: 2, known: true}, tree.Tree{}, nil, &orphanCount{"web", 0}},
		"what cannot be read again stays": {
			orphans{count: 2, known: true}, tree.Tree{}, errors.New("no answer"), &orphanCount{"web", 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(1000, 0)
			after := test.before.after(test.found, test.err, now)
			if got := after.counted("web"); !reflect.DeepEqual(got, test.want) || !after.at.Equal(now) {
				t.Errorf("counted is %v at %s, want %v", got, after.at, test.want)
			}
		})
	}
}
