// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// undo makes the pod template of an earlier revision the desired one.
func undo(revisions Revisions) func(context.Context, *v1alpha1.Rollout, runtime.Object) error {
	return func(ctx context.Context, rollout *v1alpha1.Rollout, body runtime.Object) error {
		number := registry.As[*v1alpha1.RolloutUndo](body).ToRevision
		if work := rollout.Spec.WorkloadRef; work != nil {
			return refused(rollout, number,
				fmt.Sprintf("its pod template is that of %s %s: go back there", work.Kind, work.Name))
		}
		sets, err := revisions.Sets(ctx, rollout)
		if err != nil {
			return err
		}
		past := pickRevision(sets, number)
		switch {
		case past == nil:
			return refused(rollout, number, "no such revision is kept; kubectl get replicasets shows those that are, "+
				"by the annotation "+v1alpha1.AnnotationRevision)
		case past.Labels[v1alpha1.LabelPodTemplateHash] == rollout.Status.CurrentPodHash:
			return conflict(rollout, fmt.Sprintf("revision %d is the one that it is at", revisionOf(past)))
		}
		if err = rollout.Spec.Template.SetTemplate(authored(past)); err != nil {
			return fmt.Errorf("go back to revision %d: %w", revisionOf(past), err)
		}
		setUndone(rollout, undoneBy(ctx, revisionOf(past)))
		return nil
	}
}

func refused(rollout *v1alpha1.Rollout, number int64, why string) error {
	return apierrors.NewInvalid(v1alpha1.Kind("RolloutUndo"), rollout.Name, field.ErrorList{
		field.Invalid(field.NewPath("toRevision"), number, why),
	})
}

// pickRevision finds the set of a revision; 0 is the one before the newest. Sets without a number, as those of
// experiments, are none.
func pickRevision(sets []appsv1.ReplicaSet, number int64) *appsv1.ReplicaSet {
	numbered := slices.DeleteFunc(slices.Clone(sets), func(set appsv1.ReplicaSet) bool { return revisionOf(&set) <= 0 })
	slices.SortFunc(numbered, func(a, b appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(&b), revisionOf(&a)) })
	for i := range numbered {
		if number == 0 && i == 1 || number != 0 && revisionOf(&numbered[i]) == number {
			return &numbered[i]
		}
	}
	return nil
}

func revisionOf(set *appsv1.ReplicaSet) int64 {
	number, err := strconv.ParseInt(set.Annotations[v1alpha1.AnnotationRevision], 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// authored is the pod template of a set without what the controller put on its pods: the hash, and the metadata of the
// role that they had.
func authored(set *appsv1.ReplicaSet) *corev1.PodTemplateSpec {
	template := set.Spec.Template.DeepCopy()
	delete(template.Labels, v1alpha1.LabelPodTemplateHash)
	var role v1alpha1.PodTemplateMetadata
	// What cannot be read names no metadata to take off.
	if json.Unmarshal([]byte(set.Annotations[v1alpha1.AnnotationEphemeralMetadata]), &role) != nil {
		return template
	}
	for key := range role.Labels {
		delete(template.Labels, key)
	}
	for key := range role.Annotations {
		delete(template.Annotations, key)
	}
	return template
}
