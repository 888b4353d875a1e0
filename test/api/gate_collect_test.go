// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/promotion"
)

func TestRecordsOfAnApplicationThatIsGoneAreCollected(t *testing.T) {
	t.Parallel()
	var desk *promotion.Desk
	w := guarded(t, func(d *promotion.Desk) { desk = d })
	gone, stays := w.gate(t, nil), w.gate(t, nil)
	gone.approved(t, alice)
	stays.approved(t, alice)
	must(t, gone.apps(t, admin).Delete(t.Context(), "web", metav1.DeleteOptions{}))

	left := func() map[string]int {
		was, is := gone.traces(t), stays.traces(t)
		return map[string]int{
			"gone": len(was.Plans) + len(was.Approvals), "there": len(is.Plans) + len(is.Approvals),
		}
	}
	collected := func(desk promotion.Desk, age time.Duration) map[string]int {
		desk.Clock = clocktesting.NewFakePassiveClock(time.Now().Add(age))
		must(t, desk.Collect(t.Context()))
		return left()
	}
	all := map[string]int{"gone": 2, "there": 2}
	forEver := *desk
	forEver.Retention = 0
	for what, got := range map[string]map[string]int{
		"before their time":     collected(*desk, desk.Retention-time.Hour),
		"where all is for ever": collected(forEver, 10*desk.Retention),
	} {
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if desk.Retention == 0 {
		t.Fatal("the product keeps records for ever, and nothing is shown here")
	}
	if diff := cmp.Diff(map[string]int{"gone": 0, "there": 2}, collected(*desk, desk.Retention+time.Hour)); diff != "" {
		t.Errorf("once they are old (-want +got):\n%s", diff)
	}
	must(t, clientOf(t, w.Config).CapstanV1alpha1().Plans(stays.namespace).Delete(t.Context(), stays.plan.Name, metav1.DeleteOptions{}))
	for _, step := range []struct {
		age  time.Duration
		want int
	}{{desk.Retention - time.Hour, 1}, {desk.Retention + time.Hour, 0}} {
		if got := collected(*desk, step.age)["there"]; got != step.want {
			t.Errorf("after %s, %d approvals of a Plan that is gone are there, want %d", step.age, got, step.want)
		}
	}
}
