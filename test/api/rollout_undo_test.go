// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func undoIsRecorded(t *testing.T, w *world) {
	const forged = `{"by":"somebody else","revision":1}`
	undone := func(rollout *v1alpha1.Rollout) string { return rollout.Annotations[v1alpha1.AnnotationUndone] }
	namespace, _ := w.rollout(t, canarySpec, atPause)
	theirs := w.rollouts(t, writer, namespace)
	annotate := func(value string) *v1alpha1.Rollout {
		t.Helper()
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s}}}`, v1alpha1.AnnotationUndone, value)
		written, err := theirs.Patch(t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{})
		must(t, err)
		return written
	}
	if got := undone(annotate(fmt.Sprintf("%q", forged))); got != "" {
		t.Errorf("whoever updates a Rollout says who went back: %s", got)
	}
	made, err := theirs.Create(t.Context(), &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{
		Name: "made", Annotations: map[string]string{v1alpha1.AnnotationUndone: forged, "mine": "stays"},
	}}, metav1.CreateOptions{})
	must(t, err)
	if undone(made) != "" || made.Annotations["mine"] != "stays" {
		t.Errorf("whoever creates a Rollout says who went back: %v", made.Annotations)
	}

	after, err := w.rollouts(t, admin, namespace).Undo(t.Context(), "web", &v1alpha1.RolloutUndo{ToRevision: 1}, metav1.CreateOptions{})
	must(t, err)
	record, is := v1alpha1.ParseUndone(undone(after))
	if !is || record.By != admin || record.Revision != 1 || record.At.IsZero() {
		t.Errorf("the record is %q", undone(after))
	}
	for _, value := range []string{fmt.Sprintf("%q", forged), "null"} {
		if got := undone(annotate(value)); got != undone(after) {
			t.Errorf("whoever updates a Rollout changes who went back to %q", got)
		}
	}
	scaled, err := theirs.Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{})
	must(t, err)
	if undone(scaled) != undone(after) {
		t.Error("a change of something else takes the record away")
	}
	other := strings.Replace(string(after.Spec.Template.Raw), "web:1", "web:3", 1)
	edited, err := theirs.Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"template":`+other+`}}`), metav1.PatchOptions{})
	must(t, err)
	if got := undone(edited); got != "" {
		t.Errorf("a template that nobody went back to is said to be one: %s", got)
	}

	_, err = w.rollouts(t, admin, namespace).Undo(t.Context(), "web", &v1alpha1.RolloutUndo{ToRevision: 1}, metav1.CreateOptions{})
	must(t, err)
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:null}}}`, v1alpha1.AnnotationUndone)
	settled, err := clientOf(t, w.Config).ArgoprojV1alpha1().Rollouts(namespace).
		Patch(t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{})
	must(t, err)
	if got := undone(settled); got != "" {
		t.Errorf("the server itself cannot take the record off: %s", got)
	}
}
