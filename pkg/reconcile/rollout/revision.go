// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// revisionsOf gives the facts the revisions of a Rollout, and the one of its template.
func (p *pass) revisionsOf(ctx context.Context, facts *rollout.Facts) (err error) {
	if facts.Sets, err = p.site.setsOf(facts.Rollout); err != nil {
		return err
	}
	if facts.Workload != nil && facts.Workload.InPlace != nil {
		return p.revisionsInPlace(facts)
	}
	return p.revision(ctx, facts)
}

// revision finds the ReplicaSet of the template, or prepares one.
func (p *pass) revision(ctx context.Context, facts *rollout.Facts) error {
	object := facts.Rollout
	digest, err := rollout.Digest(object.Spec.Template)
	if err != nil {
		return invalidError{err}
	}
	current := object.Status.CurrentPodHash
	if facts.New = rollout.FindDigest(facts.Sets, digest, current); facts.New != nil {
		return p.renumber(ctx, facts, digest)
	}
	prepared, err := rollout.NewSet(object, facts.Sets, digest, rollout.Hash(digest, object.Status.CollisionCount))
	if err != nil {
		return invalidError{err}
	}
	defaulted, err := p.rehearse(ctx, prepared)
	if err != nil {
		return err
	}
	if facts.New = rollout.FindTemplate(facts.Sets, &defaulted.Spec.Template, current); facts.New != nil {
		return p.renumber(ctx, facts, digest)
	}
	facts.New = prepared
	facts.Sets = append(facts.Sets, prepared)
	return nil
}

// rehearse lets the cluster judge a ReplicaSet, and add its defaults, without making it: the cluster alone knows both.
func (p *pass) rehearse(ctx context.Context, set *appsv1.ReplicaSet) (*appsv1.ReplicaSet, error) {
	trial := set.DeepCopy()
	// The name may be taken by the set that the template has already.
	trial.Name, trial.GenerateName = "", set.Name+"-"
	defaulted, err := p.site.client.AppsV1().ReplicaSets(set.Namespace).
		Create(ctx, trial, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) {
		return nil, invalidError{fmt.Errorf("the cluster refuses pods of this template: %w", err)}
	}
	if err != nil {
		return nil, fmt.Errorf("try ReplicaSet %s: %w", set.Name, err)
	}
	return defaulted, nil
}

// renumber makes a ReplicaSet the newest revision, and remembers the template as it is written now.
func (p *pass) renumber(ctx context.Context, facts *rollout.Facts, digest string) error {
	annotations := rollout.Renumbered(facts.Sets, facts.New)
	if facts.New.Annotations[v1alpha1.AnnotationTemplateDigest] != digest {
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[v1alpha1.AnnotationTemplateDigest] = digest
	}
	if annotations == nil {
		return nil
	}
	written, err := p.patchSet(ctx, facts.New, map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return err
	}
	facts.Replace(written)
	return nil
}

// patchSet changes fields of a ReplicaSet, if it is the same one still.
func (p *pass) patchSet(
	ctx context.Context, set *appsv1.ReplicaSet, change map[string]any,
) (*appsv1.ReplicaSet, error) {
	metadata, isMap := change["metadata"].(map[string]any)
	if !isMap {
		metadata = map[string]any{}
		change["metadata"] = metadata
	}
	metadata["uid"] = set.UID
	body, err := json.Marshal(change)
	if err != nil {
		return nil, err
	}
	written, err := p.site.client.AppsV1().ReplicaSets(set.Namespace).
		Patch(ctx, set.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		// It went, and the watch tells of it: until then its last version must not be taken for it.
		p.site.sets.OnDelete(set)
	}
	if err != nil {
		return nil, fmt.Errorf("change ReplicaSet %s: %w", set.Name, err)
	}
	p.site.sets.Mutation(written)
	return written, nil
}
