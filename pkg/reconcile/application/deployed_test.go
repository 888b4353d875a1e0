// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

func TestAPlanIsOfOneApplicationAndOneCluster(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		application, cluster types.UID
		want                 bool
	}{
		"it is of its own":                       {"app", "production", true},
		"not of another cluster":                 {"app", "staging", false},
		"not of a cluster of unknown UID":        {"app", "", false},
		"not of another Application of its name": {"new", "production", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &v1alpha1.Application{}
			app.UID = tc.application
			made := &capstan.Plan{Spec: capstan.PlanSpec{
				Application: capstan.PlanApplication{UID: "app"}, Destination: capstan.SyncRunDestination{UID: "production"},
			}}
			if got := isOf(made, app, tc.cluster); got != tc.want {
				t.Errorf("isOf is %t", got)
			}
		})
	}
}
