// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// countsEvery is how often a status is written that tells of nothing but other numbers of pods.
const countsEvery = time.Second

// finish writes the status that a pass ends with, tells of it, and tidies up.
func (p *pass) finish(
	ctx context.Context, object *v1alpha1.Rollout, decision rollout.Decision,
) (time.Duration, error) {
	if equality.Semantic.DeepEqual(object.Status, decision.Status) {
		p.tell(object, decision.Events)
		return decision.Again, p.tidy(ctx, object)
	}
	if wait := p.countsWait(object, decision.Status); wait > 0 {
		p.tell(object, decision.Events)
		return queue.Sooner(decision.Again, wait), nil
	}
	if err := p.write(ctx, object, decision.Status); err != nil {
		// What the status would have told of is decided and told again; what was done is not.
		p.tell(object, rollout.Deeds(decision.Events))
		return 0, err
	}
	p.tell(object, decision.Events)
	return decision.Again, nil
}

// countsWait returns how long a status may wait that differs from the stored one by numbers of pods alone: the next
// ones are about to come.
func (r *Reconciler) countsWait(object *v1alpha1.Rollout, now v1alpha1.RolloutStatus) time.Duration {
	if object.Status.Phase != now.Phase || !equality.Semantic.DeepEqual(lasting(object.Status), lasting(now)) {
		return 0
	}
	key := types.NamespacedName{Namespace: object.Namespace, Name: object.Name}
	return countsEvery - r.Clock.Since(r.told.written(key))
}

// lasting is a status without what goes with the numbers of pods.
func lasting(status v1alpha1.RolloutStatus) v1alpha1.RolloutStatus {
	status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, status.AvailableReplicas = 0, 0, 0, 0
	status.HPAReplicas, status.Message = 0, ""
	conditions := make([]v1alpha1.RolloutCondition, 0, len(status.Conditions))
	for _, condition := range status.Conditions {
		if condition.Type == v1alpha1.RolloutProgressing {
			condition.LastUpdateTime = metav1.Time{}
		}
		if condition.Type != v1alpha1.RolloutAvailable {
			conditions = append(conditions, condition)
		}
	}
	status.Conditions = conditions
	return status
}

// write writes a status in the place of the one that it was decided from; one that a client changed meanwhile is a
// conflict, and is decided anew.
func (p *pass) write(ctx context.Context, object *v1alpha1.Rollout, status v1alpha1.RolloutStatus) error {
	version, err := p.annotate(ctx, object, status)
	if err != nil {
		return err
	}
	return p.store(ctx, object, version, status)
}

// store writes a status that goes on from a version.
func (r *Reconciler) store(
	ctx context.Context, object *v1alpha1.Rollout, version string, status v1alpha1.RolloutStatus,
) error {
	body := &v1alpha1.Rollout{
		ObjectMeta: metav1.ObjectMeta{
			Name: object.Name, Namespace: object.Namespace, UID: object.UID, ResourceVersion: version,
		},
		Status: status,
	}
	written, err := r.Client.ArgoprojV1alpha1().Rollouts(object.Namespace).
		UpdateStatus(ctx, body, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("write the status of Rollout %s: %w", object.Name, err)
	}
	r.fresh.rollouts.Mutation(written)
	r.told.wrote(types.NamespacedName{Namespace: object.Namespace, Name: object.Name}, r.Clock.Now())
	return nil
}

// annotate writes on the Rollout, where clients look for them, the number of the newest revision and the generation of
// its workload. It returns the version that the status goes on from: the new one only where nothing else changed in
// between.
func (p *pass) annotate(
	ctx context.Context, object *v1alpha1.Rollout, status v1alpha1.RolloutStatus,
) (string, error) {
	sets, err := p.setsOf(object)
	if err != nil {
		return "", err
	}
	changes := map[string]string{}
	for key, value := range map[string]string{
		v1alpha1.AnnotationRevision:           newestOf(sets),
		v1alpha1.AnnotationWorkloadGeneration: status.WorkloadObservedGeneration,
	} {
		if value != "" && value != object.Annotations[key] {
			changes[key] = value
		}
	}
	if len(changes) == 0 {
		return object.ResourceVersion, nil
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": object.UID, "annotations": changes}})
	if err != nil {
		return "", err
	}
	written, err := p.Client.ArgoprojV1alpha1().Rollouts(object.Namespace).
		Patch(ctx, object.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return "", fmt.Errorf("annotate Rollout %s: %w", object.Name, err)
	}
	p.fresh.rollouts.Mutation(written)
	if written.Generation == object.Generation && equality.Semantic.DeepEqual(written.Status, object.Status) {
		return written.ResourceVersion, nil
	}
	return object.ResourceVersion, nil
}

// newestOf returns the number of the newest revision, "" where there is none.
func newestOf(sets []*appsv1.ReplicaSet) string {
	newest := int64(0)
	for _, set := range sets {
		newest = max(newest, rollout.RevisionOf(set))
	}
	if newest == 0 {
		return ""
	}
	return fmt.Sprint(newest)
}
