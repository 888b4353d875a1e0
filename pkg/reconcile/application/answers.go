// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// Manifests answers applications/manifests: what a sync to a revision would apply, with
// the values of Secrets masked.
func (r *Reconciler) Manifests(
	ctx context.Context, app *v1alpha1.Application, revision string,
) (*v1alpha1.ApplicationManifests, error) {
	computed, err := r.Compute(ctx, app, revision, false)
	if err != nil {
		return nil, err
	}
	answer := &v1alpha1.ApplicationManifests{
		Revision: computed.Revision, Revisions: computed.Revisions, SourceType: computed.SourceType,
		Manifests: []v1alpha1.JSON{},
	}
	for _, m := range computed.Manifests {
		object, err := m.Object()
		if err != nil {
			return nil, err
		}
		manifest.Mask(object)
		encoded, err := jsonOf(object)
		if err != nil {
			return nil, err
		}
		answer.Manifests = append(answer.Manifests, encoded)
	}
	return answer, nil
}

// Diff answers applications/diff: each object that a sync with prune would change, as it
// is and as the destination says it would be.
func (r *Reconciler) Diff(
	ctx context.Context, app *v1alpha1.Application, revision string,
) (*v1alpha1.ApplicationDiff, error) {
	computed, err := r.Compute(ctx, app, revision, true)
	if err != nil {
		return nil, err
	}
	wanted := make(map[manifest.Key]manifest.Manifest, len(computed.Manifests))
	for _, m := range computed.Manifests {
		wanted[m.Key] = m
	}
	answer := &v1alpha1.ApplicationDiff{
		Revision: computed.Revision, Revisions: computed.Revisions, Items: []v1alpha1.ApplicationDiffItem{},
	}
	for _, change := range computed.Plan.Changes {
		item, err := diffOf(ctx, computed, change, wanted[change.Key])
		if err != nil {
			return nil, fmt.Errorf("compare %s %s: %w", change.Kind, change.Name, err)
		}
		answer.Items = append(answer.Items, item)
	}
	return answer, nil
}

func diffOf(
	ctx context.Context, computed *Computed, change plan.Change, m manifest.Manifest,
) (v1alpha1.ApplicationDiffItem, error) {
	item := v1alpha1.ApplicationDiffItem{
		Group: change.Group, Version: change.Version, Kind: change.Kind, Namespace: change.Namespace, Name: change.Name,
		Action: v1alpha1.ApplicationDiffNone,
	}
	if change.Action == plan.None {
		return item, nil
	}
	from := computed.Target
	if change.Cluster != "" {
		from = computed.hub
	}
	current, err := from.Get(ctx, change.Key, change.Version)
	if err != nil && !apierrors.IsNotFound(err) && !noKind(err) {
		return item, err
	}
	if err != nil {
		current = nil
	}
	next, err := predict(ctx, computed, change, m)
	if err != nil {
		return item, err
	}
	return fillDiff(item, current, next)
}

// predict returns what an object becomes: nil for one that is pruned, the manifest itself
// where its kind or its namespace is yet to be created.
func predict(
	ctx context.Context, computed *Computed, change plan.Change, m manifest.Manifest,
) (*unstructured.Unstructured, error) {
	if change.Action == plan.Prune {
		return nil, nil
	}
	actor := computed.actor
	if change.Cluster != "" {
		actor = computed.own
	}
	next, err := apply.Predict(ctx, actor, m, computed.pass.respected(change.Key))
	var refused *apply.Error
	if errors.As(err, &refused) && (refused.Retry || refused.Reason == "NotFound") {
		return m.Object()
	}
	return next, err
}

func fillDiff(
	item v1alpha1.ApplicationDiffItem, current, next *unstructured.Unstructured,
) (v1alpha1.ApplicationDiffItem, error) {
	manifest.Mask(current, next)
	var err error
	switch {
	case next == nil:
		item.Action = v1alpha1.ApplicationDiffPrune
	case current == nil:
		item.Action = v1alpha1.ApplicationDiffCreate
	default:
		item.Action = v1alpha1.ApplicationDiffUpdate
	}
	if item.Live, err = jsonOf(current); err != nil {
		return item, err
	}
	if item.Predicted, err = jsonOf(next); err != nil {
		return item, err
	}
	item.Diff, err = unified(current, next)
	return item, err
}

func jsonOf(object *unstructured.Unstructured) (v1alpha1.JSON, error) {
	if object == nil {
		return v1alpha1.JSON{}, nil
	}
	unstructured.RemoveNestedField(object.Object, "metadata", "managedFields")
	raw, err := object.MarshalJSON()
	if err != nil {
		return v1alpha1.JSON{}, fmt.Errorf("encode %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return v1alpha1.JSON{Raw: raw}, nil
}

// noKind reports that the destination does not have a kind.
func noKind(err error) bool {
	var none *cluster.NoKindError
	return errors.As(err, &none)
}
