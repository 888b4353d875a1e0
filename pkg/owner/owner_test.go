// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package owner_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
)

func TestAnOwnerFindsItsOwnWhereItMadeThem(t *testing.T) {
	t.Parallel()
	here := &v1alpha1.Rollout{}
	here.Namespace, here.Name, here.UID = "shop", "web", "uid-of-web"
	there := here.DeepCopy()
	there.Annotations = map[string]string{v1alpha1.AnnotationCluster: "east"}
	blank := func() *corev1.Service {
		service := &corev1.Service{}
		service.Namespace, service.Labels = "shop", map[string]string{"app": "web"}
		return service
	}
	beside, away := blank(), blank()
	owner.Rollout(here).Own(beside)
	owner.Rollout(there).Own(away)
	if len(beside.OwnerReferences) != 1 || len(beside.Labels) != 1 {
		t.Errorf("beside its owner an object has %v and the labels %v, want an owner reference alone",
			beside.OwnerReferences, beside.Labels)
	}
	if len(away.OwnerReferences) != 0 || away.Labels["app"] != "web" {
		t.Errorf("in another cluster an object has the owners %v and the labels %v", away.OwnerReferences, away.Labels)
	}
	if selector, err := labels.Parse(owner.Rollout(there).Selector()); err != nil || !selector.Matches(labels.Set(away.Labels)) {
		t.Errorf("%q does not select what is there: %v", owner.Rollout(there).Selector(), err)
	}
	anew, unmade, elsewhere := there.DeepCopy(), there.DeepCopy(), away.DeepCopy()
	anew.UID, unmade.UID, elsewhere.Namespace = "uid-of-another", "", "bank"
	for name, tc := range map[string]struct {
		by     *v1alpha1.Rollout
		object *corev1.Service
		want   bool
	}{
		"what was made beside it":                   {here, beside, true},
		"what was made in another cluster":          {there, away, true},
		"an owner reference in another cluster":     {there, beside, false},
		"a label beside it":                         {here, away, false},
		"what one of the same name made before":     {anew, away, false},
		"what is in another namespace":              {there, elsewhere, false},
		"what nobody made":                          {there, blank(), false},
		"what nobody made, by one that is not made": {unmade, blank(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := owner.Rollout(tc.by).Owns(tc.object); got != tc.want {
				t.Errorf("Owns = %t, want %t", got, tc.want)
			}
		})
	}
}
