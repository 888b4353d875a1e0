// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package held_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
)

func TestAnObjectIsHeldAndLetGoBesideTheFinalizersOfOthers(t *testing.T) {
	t.Parallel()
	object := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{
		UID: "u", ResourceVersion: "7", Finalizers: []string{"example.com/other"},
	}}
	if held.Is(object) {
		t.Error("it is held before it was")
	}
	said := func(body []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	const before = `{"metadata":{"finalizers":["example.com/other"],"resourceVersion":"7","uid":"u"}}`
	const holding = `{"metadata":{"finalizers":["example.com/other","` + v1alpha1.FinalizerCluster +
		`"],"resourceVersion":"7","uid":"u"}}`
	if got := said(held.Hold(object)); got != holding {
		t.Errorf("it is held by %s, want %s", got, holding)
	}
	object.Finalizers = append(object.Finalizers, v1alpha1.FinalizerCluster)
	if !held.Is(object) {
		t.Error("it is not held")
	}
	if got := said(held.LetGo(object)); got != before {
		t.Errorf("it is let go by %s, want %s", got, before)
	}
}
