// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestAReviewIsRemindedOfUntilItIsDone(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	at := func(wait time.Duration) *metav1.Time { return &metav1.Time{Time: now.Add(wait)} }
	open := v1alpha1.GateEmergency{Approval: "open", Until: *at(time.Hour)}
	lapsed := v1alpha1.GateEmergency{Approval: "lapsed", Until: *at(0)}
	due := v1alpha1.GateEmergency{Approval: "due", Until: *at(-time.Hour), ReviewBy: at(time.Minute)}
	overdue := v1alpha1.GateEmergency{Approval: "overdue", Until: *at(time.Hour), ReviewBy: at(0)}
	cases := map[string]struct {
		known, kept []v1alpha1.GateEmergency
		wait        time.Duration
		warnings    int
	}{
		"nothing is said of none":                       {nil, nil, 0, 0},
		"a grant is kept until it ends":                 {[]v1alpha1.GateEmergency{open}, []v1alpha1.GateEmergency{open}, time.Hour, 0},
		"one that ended unused is forgotten":            {[]v1alpha1.GateEmergency{lapsed}, nil, 0, 0},
		"a review is looked at when it is due":          {[]v1alpha1.GateEmergency{open, due}, []v1alpha1.GateEmergency{open, due}, time.Minute, 0},
		"from then on a condition warns, for ever":      {[]v1alpha1.GateEmergency{overdue}, []v1alpha1.GateEmergency{overdue}, 0, 1},
		"and each of them warns, whatever else goes on": {[]v1alpha1.GateEmergency{overdue, lapsed, due, overdue}, []v1alpha1.GateEmergency{overdue, due, overdue}, time.Minute, 2},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &pass{standing: &v1alpha1.ApplicationGate{Emergencies: tc.known}}
			if wait := remind(p, now); wait != tc.wait {
				t.Errorf("it looks again in %s, want %s", wait, tc.wait)
			}
			if diff := cmp.Diff(tc.kept, p.standing.Emergencies); diff != "" {
				t.Errorf("emergencies (-want +got):\n%s", diff)
			}
			if len(p.problems) != tc.warnings {
				t.Errorf("the conditions are %+v, want %d", p.problems, tc.warnings)
			}
		})
	}
}
