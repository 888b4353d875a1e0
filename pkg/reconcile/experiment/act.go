// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/experiment"
	"github.com/capstan-dev/capstan/pkg/owner"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

var errTaken = errors.New("it is there already and belongs to somebody else")

// act does what was decided, brings the facts up to date with it, and returns the Events of what it did.
func (p *pass) act(
	ctx context.Context, facts *experiment.Facts, decision experiment.Decision,
) ([]rollout.Event, error) {
	var done []rollout.Event
	for _, change := range decision.Changes {
		resized, err := p.resize(ctx, facts, change)
		if err != nil {
			return done, err
		}
		done = append(done, resized...)
	}
	for _, service := range decision.Made {
		if err := p.serve(ctx, facts, service); err != nil {
			return done, err
		}
	}
	for _, run := range decision.Begun {
		if err := p.begin(ctx, facts, decision, run); err != nil {
			return done, err
		}
	}
	for _, name := range decision.Ended {
		if err := p.end(ctx, facts, name); err != nil {
			return done, err
		}
		done = append(done, rollout.Event{Done: true, Reason: "AnalysisRunTerminating", Message: "Terminating " + name})
	}
	for _, service := range decision.Gone {
		if err := p.dismiss(ctx, facts, service); err != nil {
			return done, err
		}
	}
	return done, nil
}

// resize makes a ReplicaSet, or changes the number of its pods and its deadline. A change that the cluster refuses is
// tried again: pods that are there must not stay because their template has come to its end.
func (p *pass) resize(
	ctx context.Context, facts *experiment.Facts, change experiment.SetChange,
) ([]rollout.Event, error) {
	stored, err := p.store(ctx, facts.Experiment, change)
	if change.Set.UID == "" && refused(err) {
		//nolint:staticcheck // The peer's words.
		facts.Refused[change.Template] = fmt.Errorf(
			"Failed to create ReplicaSet for template '%s': %w", change.Template, err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("write ReplicaSet %s: %w", change.Set.Name, err)
	}
	p.site.sets.Mutation(stored)
	facts.Sets = slices.DeleteFunc(slices.Clone(facts.Sets),
		func(set *appsv1.ReplicaSet) bool { return set.Name == stored.Name })
	facts.Sets = append(facts.Sets, stored)
	return change.Events(), nil
}

// refused says that the cluster will not take what it was given, however often it is asked.
func refused(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) ||
		errors.Is(err, errTaken)
}

// store writes a ReplicaSet. One that is made and is there already is the Experiment's own, where the cache is behind.
func (p *pass) store(
	ctx context.Context, object *v1alpha1.Experiment, change experiment.SetChange,
) (*appsv1.ReplicaSet, error) {
	sets := p.site.client.AppsV1().ReplicaSets(object.Namespace)
	if change.Set.UID == "" {
		stored, err := sets.Create(ctx, change.Set, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			return stored, err
		}
		stored, err = sets.Get(ctx, change.Set.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return stored, mayAdopt(object, stored, change.Template)
	}
	deadline := any(nil)
	if !change.Deadline.IsZero() {
		deadline = change.Deadline.UTC().Format(time.RFC3339)
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"uid": change.Set.UID, "annotations": map[string]any{v1alpha1.AnnotationScaleDownDeadline: deadline},
		},
		"spec": map[string]any{"replicas": change.Replicas},
	})
	if err != nil {
		return nil, err
	}
	stored, err := sets.Patch(ctx, change.Set.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		// It went, and the watch tells of it: until then its last version must not be taken for it.
		p.site.sets.OnDelete(change.Set)
	}
	return stored, err
}

// mayAdopt says why an object of a name that an Experiment needs is not the one of its template.
func mayAdopt(object *v1alpha1.Experiment, found metav1.Object, template string) error {
	switch {
	case found.GetDeletionTimestamp() != nil:
		return errors.New("it is being deleted; it is made anew then")
	case isOfFormer(object, found):
		return errors.New("it is a former Experiment's of that name; it is made anew once that is collected")
	case !owner.Experiment(object).Owns(found) ||
		found.GetAnnotations()[v1alpha1.AnnotationExperimentTemplateName] != template:
		return errTaken
	default:
		return nil
	}
}

// isOfFormer says that an object belongs to an Experiment that had the same name and was deleted.
func isOfFormer(object *v1alpha1.Experiment, found metav1.Object) bool {
	former := written.OwnerOf(found, Kind)
	return former != nil && former.Name == object.Name && former.UID != object.UID
}

// serve makes the Service of a template.
func (p *pass) serve(ctx context.Context, facts *experiment.Facts, wanted experiment.Service) error {
	services := p.site.client.CoreV1().Services(facts.Experiment.Namespace)
	stored, err := services.Create(ctx, wanted.Object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		stored, err = services.Get(ctx, wanted.Object.Name, metav1.GetOptions{})
		if err == nil {
			err = mayAdopt(facts.Experiment, stored, wanted.Template)
		}
	}
	if refused(err) {
		//nolint:staticcheck // The peer's words.
		facts.Refused[wanted.Template] = fmt.Errorf("Failed to create Service %s for template '%s': %w",
			wanted.Object.Name, wanted.Template, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("make Service %s: %w", wanted.Object.Name, err)
	}
	p.site.services.Mutation(stored)
	facts.Services = append(slices.Clone(facts.Services), stored)
	return nil
}

// dismiss deletes a Service, if it is the same one still.
func (p *pass) dismiss(ctx context.Context, facts *experiment.Facts, service *corev1.Service) error {
	err := p.site.client.CoreV1().Services(service.Namespace).Delete(ctx, service.Name, metav1.DeleteOptions{
		Preconditions: metav1.NewUIDPreconditions(string(service.UID)),
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete Service %s: %w", service.Name, err)
	}
	p.site.services.OnDelete(service)
	facts.Services = slices.DeleteFunc(slices.Clone(facts.Services),
		func(other *corev1.Service) bool { return other.UID == service.UID })
	return nil
}
