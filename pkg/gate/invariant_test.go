// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// misfits are the ways in which one fact does not fit a Plan.
func misfits() map[string]func(*gate.Facts) {
	edited := func(change func(*capstan.PlanSpec)) func(*gate.Facts) {
		return func(f *gate.Facts) {
			change(&f.Plan.Spec)
			*f = seal(*f)
		}
	}
	return map[string]func(*gate.Facts){
		"something could not be read":  func(f *gate.Facts) { f.Unreadable = errors.New("no answer") },
		"the cluster is not known":     func(f *gate.Facts) { f.ClusterUID = "" },
		"the cluster is another":       func(f *gate.Facts) { f.ClusterUID = "another" },
		"something else is deployed":   func(f *gate.Facts) { f.Deployed += "x" },
		"the Application is made anew": func(f *gate.Facts) { f.Application.UID = "another" },
		"the spec is another":          func(f *gate.Facts) { f.Application.Spec.Project += "x" },
		"the Application is deleted":   func(f *gate.Facts) { f.Deleting = !f.Deleting },
		"the Plan was begun":           func(f *gate.Facts) { f.Plan.Status.StartedAt = pointer(ago(0)) },
		"the Plan was edited":          func(f *gate.Facts) { f.Plan.Spec.Manifests += "x" },
		"the Plan is of another":       edited(func(s *capstan.PlanSpec) { s.Application.UID = "another" }),
		"the Plan is gone":             func(f *gate.Facts) { f.Plan = nil },
	}
}

func TestAFactThatDoesNotFitStopsAnyPlan(t *testing.T) {
	t.Parallel()
	for misfit, happens := range misfits() {
		t.Run(misfit, func(t *testing.T) {
			t.Parallel()
			often(t, 40, func(d dice) (bool, string) {
				f := d.facts(gate.Require(d.subject(), []*capstan.PromotionPolicy{d.policy("a", d.spec())}))
				before := gate.Decide(f)
				if !before.Allowed() || !f.Requirement.Gated {
					return false, ""
				}
				happens(&f)
				if after := gate.Decide(f); after.Allowed() {
					return true, fmt.Sprintf("let through all the same: %+v", after)
				}
				return true, ""
			})
		})
	}
}

func TestADecisionIsTheSameAgainAndChangesNoFact(t *testing.T) {
	t.Parallel()
	often(t, 2000, func(d dice) (bool, string) {
		f := d.facts(gate.Require(d.subject(), []*capstan.PromotionPolicy{d.policy("a", d.spec()), d.policy("b", d.spec())}))
		kept := f
		kept.Application, kept.Plan, kept.Approvals = f.Application.DeepCopy(), f.Plan.DeepCopy(), nil
		for _, said := range f.Approvals {
			kept.Approvals = append(kept.Approvals, said.DeepCopy())
		}
		first := gate.Decide(f)
		if diff := cmp.Diff(first, gate.Decide(f)); diff != "" {
			return true, "another verdict:\n" + diff
		}
		same := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(gate.Facts{}, "Holds", "Unreadable", "Requirement")}
		if diff := cmp.Diff(kept, f, same); diff != "" {
			return true, "a fact was changed:\n" + diff
		}
		return true, ""
	})
}

func TestNoRegistrationTakesProductionOffACluster(t *testing.T) {
	t.Parallel()
	often(t, 2000, func(d dice) (bool, string) {
		var clusters []*capstan.Cluster
		for n := range d.Intn(4) {
			clusters = append(clusters, &capstan.Cluster{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("c", n)},
				Spec:       capstan.ClusterSpec{Tier: pick(d, "", "dev", gate.TierProduction)},
				Status:     capstan.ClusterStatus{UID: types.UID(pick(d, "", "a", "b"))},
			})
		}
		uid := types.UID(pick(d, "", "a", "b", "unknown"))
		before := gate.TierOf(uid, clusters)
		if (uid == "" || uid == "unknown") && before != gate.TierProduction {
			return true, fmt.Sprintf("a cluster %q of which nothing is known is %q", uid, before)
		}
		another := &capstan.Cluster{
			ObjectMeta: metav1.ObjectMeta{Name: "alias"}, Spec: capstan.ClusterSpec{Tier: pick(d, "", "dev", "staging")},
			Status: capstan.ClusterStatus{UID: uid},
		}
		known := false
		for _, one := range clusters {
			known = known || uid != "" && one.Status.UID == uid && one.Spec.Tier == gate.TierProduction
		}
		if after := gate.TierOf(uid, append(clusters, another)); known && after != gate.TierProduction {
			return true, fmt.Sprintf("registered anew it is %q", after)
		}
		return true, ""
	})
}
