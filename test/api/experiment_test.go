// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// experimentOfARolloutIsKept shows that a client can end the Experiment of a Rollout, and say nothing else of it.
func experimentOfARolloutIsKept(t *testing.T, w *world) {
	namespace := newNamespace()
	master := w.as(t, admin, "system:masters").ArgoprojV1alpha1()
	own := clientOf(t, w.Config).ArgoprojV1alpha1()
	meta := metav1.ObjectMeta{Name: "trial", OwnerReferences: []metav1.OwnerReference{{
		APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "web", UID: "uid", Controller: new(true),
	}}}
	spec := v1alpha1.ExperimentSpec{Templates: []v1alpha1.TemplateSpec{}}
	_, err := master.Experiments(namespace).
		Create(t.Context(), &v1alpha1.Experiment{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "metadata.ownerReferences", "the server alone")
	_, err = own.Experiments(namespace).
		Create(t.Context(), &v1alpha1.Experiment{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	must(t, err)
	for _, surface := range [][]string{nil, {"status"}} {
		forged, patchErr := master.Experiments(namespace).Patch(t.Context(), "trial", types.MergePatchType,
			[]byte(`{"status":{"phase":"Successful"}}`), metav1.PatchOptions{}, surface...)
		must(t, patchErr)
		if forged.Status.Phase != "" {
			t.Errorf("a client wrote the phase %s by %v", forged.Status.Phase, surface)
		}
	}
	_, err = master.Experiments(namespace).Patch(t.Context(), "trial", types.MergePatchType,
		[]byte(`{"spec":{"duration":"1s"}}`), metav1.PatchOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "spec.terminate alone")
	ended, err := master.Experiments(namespace).Patch(t.Context(), "trial", types.MergePatchType,
		[]byte(`{"spec":{"terminate":true}}`), metav1.PatchOptions{})
	must(t, err)
	if ended.Spec.Terminate == nil || !*ended.Spec.Terminate {
		t.Error("a client cannot end the Experiment of a Rollout")
	}

	alone := &v1alpha1.Experiment{ObjectMeta: metav1.ObjectMeta{Name: "alone"}, Spec: spec}
	alone.Status.Phase = v1alpha1.AnalysisPhaseFailed
	_, err = master.Experiments(namespace).Create(t.Context(), alone, metav1.CreateOptions{})
	must(t, err)
	retried, err := master.Experiments(namespace).Patch(t.Context(), "alone", types.MergePatchType,
		[]byte(`{"status":null}`), metav1.PatchOptions{})
	must(t, err)
	if retried.Status.Phase != "" {
		t.Errorf("phase %s after a retry, want none", retried.Status.Phase)
	}
}
