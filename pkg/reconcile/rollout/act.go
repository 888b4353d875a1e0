// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// act does what was decided, brings the facts up to date with it, and says whether there was anything to do.
func (p *pass) act(
	ctx context.Context, facts *rollout.Facts, found *routing, decision rollout.Decision,
) (bool, error) {
	if err := p.complete(ctx, facts); err != nil {
		return false, err
	}
	for _, selection := range decision.Selections {
		if err := p.point(ctx, facts, selection); err != nil {
			return false, err
		}
	}
	rerouted := false
	if decision.Traffic != nil {
		changed, err := p.route(ctx, facts.Rollout, found, *decision.Traffic)
		if err != nil {
			return false, err
		}
		// What the status tells of is in force from now on, and the next decision may rest on it.
		rerouted, facts.Routed = changed || !facts.Routed, true
	}
	for _, run := range decision.Begun {
		if err := p.begin(ctx, facts, run); err != nil {
			return false, err
		}
	}
	for _, name := range decision.Ended {
		if err := p.end(ctx, facts, name); err != nil {
			return false, err
		}
	}
	for _, trial := range decision.Trials {
		if err := p.try(ctx, facts, trial); err != nil {
			return false, err
		}
	}
	for _, name := range decision.EndedTrials {
		if err := p.endTrial(ctx, facts, name); err != nil {
			return false, err
		}
	}
	for _, change := range decision.Changes {
		if err := p.resize(ctx, facts, change); err != nil {
			return false, err
		}
	}
	if err := p.replace(ctx, facts, decision.Replacement); err != nil {
		return false, err
	}
	if err := p.evict(ctx, facts, decision.Restart); err != nil {
		return false, err
	}
	changed := len(decision.Selections) + len(decision.Begun) + len(decision.Ended) + len(decision.Trials) +
		len(decision.EndedTrials) + len(decision.Changes)
	return rerouted || changed > 0, nil
}

// point lets a Service select the pods of a revision.
func (p *pass) point(ctx context.Context, facts *rollout.Facts, selection rollout.Selection) error {
	service := facts.Services[selection.Service]
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"uid":         service.UID,
			"annotations": map[string]string{v1alpha1.AnnotationManagedByRollouts: facts.Rollout.Name},
		},
		"spec": map[string]any{"selector": map[string]string{selection.Label: selection.Hash}},
	})
	if err != nil {
		return err
	}
	written, err := p.site.client.CoreV1().Services(service.Namespace).
		Patch(ctx, service.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return fmt.Errorf("select the pods of %s by Service %s: %w", selection.Hash, selection.Service, err)
	}
	p.site.services.Mutation(written)
	facts.Services[selection.Service] = written
	return nil
}

// resize makes a ReplicaSet, or changes the number of its pods, its deadline and its metadata.
func (p *pass) resize(ctx context.Context, facts *rollout.Facts, change rollout.SetChange) error {
	if change.Set.UID == "" {
		return p.create(ctx, facts, change)
	}
	body, err := patchOf(facts.Rollout, change)
	if err != nil {
		return err
	}
	written, err := p.patchSet(ctx, change.Set, body)
	if err != nil {
		return err
	}
	facts.Replace(written)
	return nil
}

// create makes the ReplicaSet of a new revision with its first pods. Where another one has its name, the next pass
// takes another name.
func (p *pass) create(ctx context.Context, facts *rollout.Facts, change rollout.SetChange) error {
	set := change.Set.DeepCopy()
	set.Spec.Replicas = new(change.Replicas)
	set.Annotations[v1alpha1.AnnotationDesiredReplicas] = fmt.Sprint(rollout.Replicas(facts.Rollout))
	if err := rollout.Dress(set, change.Metadata); err != nil {
		return err
	}
	if len(facts.Copies) > 0 {
		// Copies belong to a ReplicaSet that is there, and pods start once there are copies.
		set.Spec.Replicas = new(int32(0))
		set.Annotations[v1alpha1.AnnotationCopiesPending] = "true"
	}
	written, err := p.site.client.AppsV1().ReplicaSets(set.Namespace).Create(ctx, set, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return p.collide(ctx, facts, set)
	}
	if err != nil {
		p.Events.Eventf(facts.Rollout, nil, "Warning", "ReplicaSetCreateError", "Create",
			"Failed to create new replica set %q: %v", set.Name, err)
		return fmt.Errorf("create ReplicaSet %s: %w", set.Name, err)
	}
	p.site.sets.Mutation(written)
	facts.Replace(written)
	return nil
}

// patchOf is what a change writes into a ReplicaSet.
func patchOf(object *v1alpha1.Rollout, change rollout.SetChange) (map[string]any, error) {
	annotations := map[string]any{
		v1alpha1.AnnotationDesiredReplicas:   fmt.Sprint(rollout.Replicas(object)),
		v1alpha1.AnnotationScaleDownDeadline: nil,
	}
	if !change.Deadline.IsZero() {
		annotations[v1alpha1.AnnotationScaleDownDeadline] = change.Deadline.UTC().Format(time.RFC3339)
	}
	spec := map[string]any{"replicas": change.Replicas}
	dressed := change.Set.DeepCopy()
	if err := rollout.Dress(dressed, change.Metadata); err != nil {
		return nil, err
	}
	if raw, has := dressed.Annotations[v1alpha1.AnnotationEphemeralMetadata]; has {
		annotations[v1alpha1.AnnotationEphemeralMetadata] = raw
		if former, wear := dressed.Annotations[v1alpha1.AnnotationFormerMetadata]; wear {
			annotations[v1alpha1.AnnotationFormerMetadata] = former
		}
		spec["template"] = map[string]any{"metadata": map[string]any{
			"labels":      differing(change.Set.Spec.Template.Labels, dressed.Spec.Template.Labels),
			"annotations": differing(change.Set.Spec.Template.Annotations, dressed.Spec.Template.Annotations),
		}}
	}
	return map[string]any{"metadata": map[string]any{"annotations": annotations}, "spec": spec}, nil
}

// differing are the values to write so that one map becomes another; what is to go is null.
func differing(from, to map[string]string) map[string]any {
	values := map[string]any{}
	for key := range from {
		if _, stays := to[key]; !stays {
			values[key] = nil
		}
	}
	for key, value := range to {
		if from[key] != value {
			values[key] = value
		}
	}
	return values
}

// collide notes that the name of a ReplicaSet is taken by one of another template or owner.
func (p *pass) collide(ctx context.Context, facts *rollout.Facts, set *appsv1.ReplicaSet) error {
	live, err := p.site.client.AppsV1().ReplicaSets(set.Namespace).Get(ctx, set.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read ReplicaSet %s, whose name is taken: %w", set.Name, err)
	}
	if live.DeletionTimestamp != nil {
		return fmt.Errorf("ReplicaSet %s is being deleted; it is made anew then", set.Name)
	}
	same := live.Annotations[v1alpha1.AnnotationTemplateDigest] == set.Annotations[v1alpha1.AnnotationTemplateDigest]
	if same && rollout.Owns(facts.Rollout, live) {
		p.site.sets.Mutation(live)
		facts.Replace(live)
		return nil
	}
	body := facts.Rollout.DeepCopy()
	count := int32(1)
	if body.Status.CollisionCount != nil {
		count = *body.Status.CollisionCount + 1
	}
	body.Status.CollisionCount = &count
	if err = p.write(ctx, facts.Rollout, body.Status); err != nil {
		return err
	}
	return fmt.Errorf("ReplicaSet %s belongs to somebody else; another name is taken", set.Name)
}
