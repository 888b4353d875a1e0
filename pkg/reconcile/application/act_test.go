// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestASyncGoesOnOnlyAsLongAsItIsAskedFor(t *testing.T) {
	t.Parallel()
	operation := func(sync v1alpha1.SyncOperation, automated bool) *v1alpha1.Operation {
		return &v1alpha1.Operation{Sync: &sync, InitiatedBy: v1alpha1.OperationInitiator{Automated: automated}}
	}
	asked := operation(v1alpha1.SyncOperation{Prune: true}, false)
	noted := asked.DeepCopy()
	noted.Info = []v1alpha1.Info{{Name: v1alpha1.InfoPlan, Value: "web-1"}}
	automation := operation(v1alpha1.SyncOperation{}, true)
	off, on := &v1alpha1.SyncPolicy{}, &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{}}
	rehearsal := operation(v1alpha1.SyncOperation{Prune: true, DryRun: true}, false)
	cases := map[string]struct {
		running   *v1alpha1.Operation
		operation *v1alpha1.Operation
		policy    *v1alpha1.SyncPolicy
		withdrawn bool
	}{
		"the operation is there still":                       {asked, asked, off, false},
		"what the server notes in it changes nothing":        {noted, asked, off, false},
		"the operation is gone":                              {asked, nil, off, true},
		"another operation is in its place":                  {asked, operation(v1alpha1.SyncOperation{}, false), off, true},
		"one that only rehearses is in its place":            {asked, rehearsal, off, true},
		"automated sync is on":                               {automation, nil, on, false},
		"automated sync was switched off":                    {automation, nil, off, true},
		"a person takes over from automated sync themselves": {automation, asked, off, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &v1alpha1.Application{Operation: tc.operation, Spec: v1alpha1.ApplicationSpec{SyncPolicy: tc.policy}}
			if got := withdrawn(app, &state{run: &run{operation: *tc.running}}); got != tc.withdrawn {
				t.Errorf("withdrawn is %t", got)
			}
		})
	}
}
