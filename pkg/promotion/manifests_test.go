// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

func TestBytesThatAreNotThoseOfThePlanAreNotApplied(t *testing.T) {
	t.Parallel()
	packed := func(text string) ([]byte, string) {
		data, digest, err := manifest.Pack([]manifest.Manifest{{JSON: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		return data, digest
	}
	own, digest := packed(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"config"}}`)
	other, _ := packed(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"smuggled"}}`)
	for name, tc := range map[string]struct {
		kept   []byte
		change func(*capstan.Plan)
		reads  bool
	}{
		"its own":                    {own, func(*capstan.Plan) {}, true},
		"another's":                  {other, func(*capstan.Plan) {}, false},
		"some of its own":            {own[:len(own)-5], func(*capstan.Plan) {}, false},
		"more than its own":          {append(own[:len(own):len(own)], own...), func(*capstan.Plan) {}, false},
		"none":                       {nil, func(*capstan.Plan) {}, false},
		"its own, of an edited Plan": {own, func(p *capstan.Plan) { p.Spec.Prune = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := &capstan.Plan{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
				Spec: capstan.PlanSpec{Manifests: digest}}
			plan.Digest = gate.PlanDigest(plan.Spec)
			tc.change(plan)
			client := fake.NewClientset()
			client.PrependReactor("get", "plans", func(action clienttesting.Action) (bool, runtime.Object, error) {
				if action.GetSubresource() == "manifests" {
					return true, &capstan.PlanManifests{Data: tc.kept}, nil
				}
				return true, plan, nil
			})
			desk := promotion.New(promotion.Options{Client: client})
			read, err := desk.Plan(t.Context(), "shop", "web")
			if err == nil {
				_, err = desk.Manifests(t.Context(), read)
			}
			if (err == nil) != tc.reads {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}
