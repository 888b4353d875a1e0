// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analyses_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
)

func TestUsersAreFoundThroughOtherTemplates(t *testing.T) {
	t.Parallel()
	namespaced := cache.NewIndexer(cache.MetaNamespaceKeyFunc,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	cluster := cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)
	add := func(namespace, name string, refs ...v1alpha1.AnalysisTemplateRef) {
		meta, spec := metav1.ObjectMeta{Namespace: namespace, Name: name}, v1alpha1.AnalysisTemplateSpec{Templates: refs}
		var err error
		if namespace == "" {
			err = cluster.Add(&v1alpha1.ClusterAnalysisTemplate{ObjectMeta: meta, Spec: spec})
		} else {
			err = namespaced.Add(&v1alpha1.AnalysisTemplate{ObjectMeta: meta, Spec: spec})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	near := func(name string) v1alpha1.AnalysisTemplateRef {
		return v1alpha1.AnalysisTemplateRef{TemplateName: name}
	}
	far := v1alpha1.AnalysisTemplateRef{TemplateName: "far", ClusterScope: new(true)}
	add("shop", "errors")
	add("shop", "all", near("errors"))
	add("shop", "more", near("all"), near("more"))
	add("bank", "all", near("errors"))
	add("bank", "each", far)
	add("", "far", near("speed"))
	templates := analyses.Templates{
		Namespaced: listers.NewAnalysisTemplateLister(namespaced), Cluster: listers.NewClusterAnalysisTemplateLister(cluster),
	}
	cases := map[string]struct{ of, want []string }{
		"of its namespace alone":     {[]string{"shop", "errors"}, []string{"shop/all", "shop/errors", "shop/more"}},
		"one that refers to itself":  {[]string{"shop", "more"}, []string{"shop/more"}},
		"through one of the cluster": {[]string{"bank", "speed"}, []string{"/far", "bank/each", "bank/speed"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, user := range templates.Users(types.NamespacedName{Namespace: tc.of[0], Name: tc.of[1]}) {
				got = append(got, user.String())
			}
			slices.Sort(got)
			if !slices.Equal(got, tc.want) {
				t.Errorf("users %v, want %v", got, tc.want)
			}
		})
	}
}
