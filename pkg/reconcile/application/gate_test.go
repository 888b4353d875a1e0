// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

func TestASyncOfAPlanThatIsNotThereEnds(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	r := &Reconciler{Options: Options{
		Clock: clocktesting.NewFakeClock(now), Desk: promotion.New(promotion.Options{Client: fake.NewClientset()}),
	}}
	forged := &run{startedAt: now, operation: v1alpha1.Operation{
		Sync: &v1alpha1.SyncOperation{}, Info: []v1alpha1.Info{{Name: v1alpha1.InfoPlan, Value: "missing"}},
	}}
	p := &pass{app: &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "web"}}}
	s := &state{run: forged}
	r.advance(t.Context(), p, s, nil)
	if s.run.active() || !s.run.failed || !strings.Contains(s.run.message, "there is no Plan missing") {
		t.Errorf("it goes on: %t, %q", s.run.active(), s.run.message)
	}
	record := &capstan.SyncRun{}
	if err := r.attest(t.Context(), record, forged); err != nil || record.Spec.Plan != "" {
		t.Errorf("its record names Plan %q (%v)", record.Spec.Plan, err)
	}
	if err := r.conclude(t.Context(), p.app, forged); err != nil {
		t.Errorf("it cannot be concluded: %v", err)
	}
}
