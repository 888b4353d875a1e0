// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// rulebook is all that says which Applications are gated.
type rulebook struct {
	policies []*capstan.PromotionPolicy
	clusters []*capstan.Cluster
}

// Requirement is what the gate asks of an Application that goes to the cluster of a UID, by the caches.
func (d *Desk) Requirement(app *v1alpha1.Application, uid types.UID) (gate.Requirement, error) {
	book, err := d.cached()
	if err != nil {
		return gate.Requirement{}, err
	}
	return gate.RequirementOf(app, uid, book.policies, book.clusters), nil
}

// RequirementNow is Requirement past the caches: no policy is missing that was written before it was asked.
func (d *Desk) RequirementNow(
	ctx context.Context, app *v1alpha1.Application, uid types.UID,
) (gate.Requirement, error) {
	book, err := d.rules.read(ctx)
	if err != nil {
		return gate.Requirement{}, err
	}
	return gate.RequirementOf(app, uid, book.policies, book.clusters), nil
}

func (d *Desk) cached() (book rulebook, err error) {
	if book.policies, err = d.Policies.List(labels.Everything()); err != nil {
		return rulebook{}, fmt.Errorf("list the PromotionPolicies: %w", err)
	}
	if book.clusters, err = d.Clusters.List(labels.Everything()); err != nil {
		return rulebook{}, fmt.Errorf("list the Clusters: %w", err)
	}
	return book, nil
}

// stored reads the rulebook from the store.
func (d *Desk) stored(ctx context.Context) (rulebook, error) {
	policies, err := d.Client.CapstanV1alpha1().PromotionPolicies().List(ctx, metav1.ListOptions{})
	if err != nil {
		return rulebook{}, fmt.Errorf("read the PromotionPolicies: %w", err)
	}
	clusters, err := d.Client.CapstanV1alpha1().Clusters().List(ctx, metav1.ListOptions{})
	if err != nil {
		return rulebook{}, fmt.Errorf("read the Clusters: %w", err)
	}
	return rulebook{policies: pointers(policies.Items), clusters: pointers(clusters.Items)}, nil
}

func pointers[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}
