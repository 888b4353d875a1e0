// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// FuzzOperation lets a user who may change Applications, but neither sync nor terminate, send patches: whatever they
// hold, no operation begins or ends, and nothing of the status changes but who wrote the specification.
func FuzzOperation(f *testing.F) {
	for _, patch := range []string{
		`{"operation":{"sync":{}}}`, `{"operation":{}}`, `{"operation":null}`, `{"Operation":{"sync":{}}}`,
		`{"operation":{"sync":{"revision":"HEAD"},"initiatedBy":{"username":"admin"}}}`,
		`{"operation":{"initiatedBy":{"username":"editor"}}}`, `{"operation":{"info":[{"name":"capstan.dev/rollback"}]}}`,
		`{"status":null}`, `{"status":{"health":{"status":"Healthy"}}}`, `{"status":{"operationState":null}}`,
		`{"status":{"operationState":{"phase":"Terminating"}}}`,
		`{"operation":null,"status":{"operationState":{"phase":"Succeeded","finishedAt":"2020-01-01T00:00:00Z"}}}`,
		`{"operation":null,"status":{"operationState":{"finishedAt":"2020-01-01T00:00:00Z"}},"spec":{"project":"x"}}`,
		`{"metadata":{"finalizers":["example.com/a"],"deletionTimestamp":"2020-01-01T00:00:00Z"},"operation":null}`,
		`[{"op":"add","path":"/operation","value":{"sync":{}}}]`, `[{"op":"remove","path":"/operation"}]`,
		`[{"op":"move","from":"/operation","path":"/spec/info"}]`, `[{"op":"copy","from":"/spec","path":"/operation"}]`,
		`[{"op":"replace","path":"/status/operationState/phase","value":"Terminating"}]`,
		`[{"op":"replace","path":"","value":{}}]`, `[{"op":"remove","path":"/status"}]`, `{}`, `[]`, `null`,
		`{"$patch":"replace","operation":{"sync":{}}}`, `{"operation":{"$patch":"delete"}}`,
	} {
		f.Add([]byte(patch))
	}
	w := &world{apiserver.Start(f, apiserver.Options{Assembly: assembly(), Configure: withoutControllers(f)})}
	w.Rules.Allow(rules()...)
	idle, idleNamespace := w.given(f)
	busy, busyNamespace := w.given(f)
	running(f, busy)
	editors := map[string]types.PatchType{
		"merge": types.MergePatchType, "JSON": types.JSONPatchType, "strategic": types.StrategicMergePatchType,
		"apply": types.ApplyPatchType,
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		if !json.Valid(patch) {
			return
		}
		before := []any{get(t, idle).Operation, get(t, idle).Status, get(t, busy).Operation, get(t, busy).Status}
		for name, kind := range editors {
			options := metav1.PatchOptions{}
			if kind == types.ApplyPatchType {
				force := true
				options = metav1.PatchOptions{FieldManager: "fuzz", Force: &force}
			}
			var answers []error
			for _, namespace := range []string{idleNamespace, busyNamespace} {
				_, err := w.applications(t, editor, namespace).Patch(t.Context(), "web", kind, patch, options)
				answers = append(answers, err)
			}
			after := []any{get(t, idle).Operation, get(t, idle).Status, get(t, busy).Operation, get(t, busy).Status}
			// Who writes a specification is noted.
			if diff := cmp.Diff(before, after, cmpopts.IgnoreFields(v1alpha1.ApplicationStatus{}, "Editors")); diff != "" {
				t.Fatalf("a %s patch was answered by %v and changed:\n%s", name, answers, diff)
			}
		}
	})
}
