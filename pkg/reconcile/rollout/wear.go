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

const (
	// podsAPass is how many pods a pass gives the metadata of their role.
	podsAPass = 50
	// nextPods is when the next ones get it.
	nextPods = time.Second
)

// wear gives running pods the metadata of the role that their ReplicaSet has now, and says when to go on.
func (p *pass) wear(ctx context.Context, facts rollout.Facts) (time.Duration, error) {
	left := podsAPass
	for _, set := range facts.Sets {
		// Until its controller has seen the new metadata, it makes pods with that of the earlier role.
		if _, is := rollout.Former(set); !is || set.Status.ObservedGeneration < set.Generation {
			continue
		}
		done, err := p.wearAll(ctx, set, &left)
		if err != nil {
			return 0, err
		}
		if !done {
			return nextPods, nil
		}
	}
	return 0, nil
}

// wearAll gives the pods of a ReplicaSet the metadata of its role, and says whether all of them have it.
func (p *pass) wearAll(ctx context.Context, set *appsv1.ReplicaSet, left *int) (bool, error) {
	pods, err := p.listPods(ctx, set.Namespace, set.Spec.Selector)
	if err != nil {
		return false, err
	}
	for _, change := range rollout.Wear(set, pods) {
		if *left == 0 {
			return false, nil
		}
		*left--
		if err = p.changePod(ctx, change); err != nil {
			return false, err
		}
	}
	_, err = p.patchSet(ctx, set, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationFormerMetadata: nil}},
	})
	return true, err
}

// changePod writes labels and annotations of a pod, if it is there still.
func (p *pass) changePod(ctx context.Context, change rollout.PodChange) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": change.Pod.UID, "labels": change.Labels, "annotations": change.Annotations,
	}})
	if err != nil {
		return err
	}
	_, err = p.site.client.CoreV1().Pods(change.Pod.Namespace).
		Patch(ctx, change.Pod.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("give pod %s the metadata of its role: %w", change.Pod.Name, err)
	}
	return nil
}
