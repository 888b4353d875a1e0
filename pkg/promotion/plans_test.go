// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
			app := app.DeepCopy()
			if test.deployed != "" {
				app.Status.Gate = &v1alpha1.ApplicationGate{Deployed: &v1alpha1.GateDeployment{Plan: test.deployed}}
			}
			var got []string
			for _, editor := range editors(app, plans) {
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
