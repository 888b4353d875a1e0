// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// undoneBy is the record of an undo by whoever asks for it.
func undoneBy(ctx context.Context, revision int64) string {
	undone := v1alpha1.Undone{Revision: revision, At: metav1.Now().Rfc3339Copy()}
	if who, known := genericapirequest.UserFrom(ctx); known {
		undone.By = who.GetName()
	}
	return undone.String()
}

// keepUndone leaves the record of an undo as it is, whatever a write says of it, as long as the Rollout has the
// template that it is about; then it goes. The server itself may take it off.
func (s strategy) keepUndone(ctx context.Context, updated, current *v1alpha1.Rollout) {
	record := current.Annotations[v1alpha1.AnnotationUndone]
	_, said := updated.Annotations[v1alpha1.AnnotationUndone]
	if registry.IsOwn(ctx) && !said || !s.equality.Same(updated.Spec.Template, current.Spec.Template) {
		record = ""
	}
	setUndone(updated, record)
}

// setUndone writes the record of an undo, none where it is empty.
func setUndone(rollout *v1alpha1.Rollout, record string) {
	if rollout.Annotations[v1alpha1.AnnotationUndone] == record {
		return
	}
	// The annotations may be those of the stored object.
	rollout.Annotations = maps.Clone(rollout.Annotations)
	if record == "" {
		delete(rollout.Annotations, v1alpha1.AnnotationUndone)
		return
	}
	if rollout.Annotations == nil {
		rollout.Annotations = map[string]string{}
	}
	rollout.Annotations[v1alpha1.AnnotationUndone] = record
}
