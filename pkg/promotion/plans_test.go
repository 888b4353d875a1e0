// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
)

func TestThePlanOfASpecNamesWhoWroteItSinceTheLastDeployment(t *testing.T) {
	t.Parallel()
	at := func(minute int) metav1.Time {
		return metav1.Time{Time: time.Unix(1e9, 0).Add(time.Duration(minute) * time.Minute)}
	}
	app := &v1alpha1.Application{Status: v1alpha1.ApplicationStatus{Editors: []v1alpha1.SpecEditor{
		{Username: "ann", At: at(1)}, {Username: "bob", At: at(3)}, {Username: "cas", At: at(4)},
	}}}
	plan := func(name string, kind capstan.PlanKind, automated bool) *capstan.Plan {
		return &capstan.Plan{
			ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: at(3)},
			Spec: capstan.PlanSpec{
				Kind: kind, Requester: capstan.SyncRunRequester{Automated: automated},
				Editors: []v1alpha1.SpecEditor{{Username: "dan", At: at(2)}, {Username: "bob", At: at(2)}},
			},
		}
	}
	plans := []*capstan.Plan{
		plan("web-1", capstan.PlanSync, true), plan("back", capstan.PlanRollback, false),
		plan("asked", capstan.PlanSync, false),
	}
	for name, test := range map[string]struct {
		deployed string
		want     []string
	}{
		"all, where nothing was deployed":                      {"", []string{"ann", "bob", "cas"}},
		"who wrote it no earlier than the Plan was made":       {"web-1", []string{"bob", "cas"}},
		"all, where the Plan that was deployed is not known":   {"web-0", []string{"ann", "bob", "cas"}},
		"also whom a rollback names":                           {"back", []string{"dan", "bob", "cas"}},
		"also whom a Plan names that may be of what was asked": {"asked", []string{"dan", "bob", "cas"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deployed := app.DeepCopy()
			if test.deployed != "" {
				deployed.Status.Gate = &v1alpha1.ApplicationGate{Deployed: &v1alpha1.GateDeployment{Plan: test.deployed}}
			}
			var got []string
			for _, editor := range editors(deployed, plans) {
				got = append(got, editor.Username)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("editors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPlanThatAPersonAsksForIsPinned(t *testing.T) {
	t.Parallel()
	automated := &capstan.Plan{
		ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "web-1"},
		Spec:       capstan.PlanSpec{Requester: capstan.SyncRunRequester{Automated: true}},
		Status:     capstan.PlanStatus{Phase: capstan.PlanPending, Message: "waits"},
	}
	if Pinned(automated) {
		t.Fatal("what automation planned is pinned by nobody")
	}
	desk := New(Options{Client: fake.NewClientset(automated)})
	plans := desk.Client.CapstanV1alpha1().Plans("argocd")
	for _, who := range []string{"dan", "eve"} {
		made, err := plans.Get(t.Context(), "web-1", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := desk.Pin(t.Context(), made, capstan.SyncRunRequester{Username: who}); err != nil {
			t.Fatal(err)
		}
	}
	made, err := plans.Get(t.Context(), "web-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := capstan.PlanStatus{
		Phase: capstan.PlanPending, Message: "waits", PinnedBy: &capstan.SyncRunRequester{Username: "dan"},
	}
	if diff := cmp.Diff(want, made.Status); diff != "" || !Pinned(made) {
		t.Errorf("the status (-want +got):\n%s", diff)
	}
}

func TestAPlanIsForgottenOnceNothingNeedsIt(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	ago := func(hours int) metav1.Time { return metav1.NewTime(now.Add(-time.Duration(hours) * time.Hour)) }
	begun := func(hours int, phase capstan.PlanPhase) capstan.PlanStatus {
		at := ago(hours)
		return capstan.PlanStatus{Phase: phase, StartedAt: &at}
	}
	for name, test := range map[string]struct {
		plan   string
		status capstan.PlanStatus
		want   bool
	}{
		"not what is under way":       {"web-1", begun(30, capstan.PlanRunning), false},
		"not what has just succeeded": {"web-1", begun(1, capstan.PlanSucceeded), false},
		"not the newest":              {"web-2", capstan.PlanStatus{}, false},
		"what ended long ago":         {"web-1", begun(30, capstan.PlanSucceeded), true},
		"what never began, once old":  {"web-1", capstan.PlanStatus{Phase: capstan.PlanSuperseded}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := &capstan.Plan{
				ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: test.plan, CreationTimestamp: ago(40)},
				Status:     test.status,
			}
			newest := &capstan.Plan{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "web-2"}}
			desk := New(Options{
				Client: fake.NewClientset(plan), Clock: clocktesting.NewFakePassiveClock(now), Retention: 24 * time.Hour,
			})
			if err := desk.forget(t.Context(), &v1alpha1.Application{}, newest, []*capstan.Plan{plan}); err != nil {
				t.Fatal(err)
			}
			_, err := desk.Client.CapstanV1alpha1().Plans("argocd").Get(t.Context(), test.plan, metav1.GetOptions{})
			if got := apierrors.IsNotFound(err); got != test.want {
				t.Errorf("forgotten: %t (%v), want %t", got, err, test.want)
			}
		})
	}
}
