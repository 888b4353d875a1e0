// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

func parse(t *testing.T, text string) manifest.Manifest {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatalf("parse: %v", err)
	}
	m, err := manifest.New(object)
	if err != nil {
		t.Fatalf("manifest: %v", err)
	}
	return m
}

func destination() plan.Destination {
	return plan.Destination{
		Application: app,
		Namespace:   "demo",
		Namespaced: func(gvk schema.GroupVersionKind) (bool, error) {
			if gvk.Kind == "Unknown" {
				return false, fmt.Errorf("the cluster does not serve %s", gvk.Kind)
			}
			return gvk.Kind != "ClusterRole", nil
		},
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"gives the destination's namespace to what names none": {
			in: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, creationTimestamp: null}}",
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":` +
				`{"argocd.argoproj.io/tracking-id":"guestbook:/ConfigMap:demo/a"},"labels":{"capstan.dev/managed":"true"},` +
				`"name":"a","namespace":"demo"}}`,
		},
		"keeps a namespace that is named": {
			in: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}",
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":` +
				`{"argocd.argoproj.io/tracking-id":"guestbook:/ConfigMap:other/a"},"labels":{"capstan.dev/managed":"true"},` +
				`"name":"a","namespace":"other"}}`,
		},
		"takes the namespace from a cluster-scoped object": {
			in: "{apiVersion: rbac/v1, kind: ClusterRole, metadata: {name: a, namespace: other}}",
			want: `{"apiVersion":"rbac/v1","kind":"ClusterRole","metadata":{"annotations":` +
				`{"argocd.argoproj.io/tracking-id":"guestbook:rbac/ClusterRole:/a"},"labels":{"capstan.dev/managed":"true"},` +
				`"name":"a"}}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := plan.Prepare([]manifest.Manifest{parse(t, c.in)}, destination())
			if err != nil {
				t.Fatalf("Prepare: %v", err)
			}
			if diff := cmp.Diff(c.want, string(got.Manifests[0].JSON)); diff != "" {
				t.Errorf("manifest (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"a kind that the destination does not serve": {
			in: "{apiVersion: v1, kind: Unknown, metadata: {name: a}}", want: "does not serve",
		},
		"an object without a name of its own": {
			in: "{apiVersion: batch/v1, kind: Job, metadata: {generateName: a-}}", want: "metadata.generateName",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := plan.Prepare([]manifest.Manifest{parse(t, c.in)}, destination())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Prepare gave %v, want an error that says %q", err, c.want)
			}
		})
	}
}

func TestPrepareCountsTheLastOfRepeatedObjects(t *testing.T) {
	t.Parallel()
	first := parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: '1'}}")
	last := parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: demo}, data: {k: '2'}}")
	got, err := plan.Prepare([]manifest.Manifest{first, last}, destination())
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	if len(got.Manifests) != 1 || !strings.Contains(string(got.Manifests[0].JSON), `"k":"2"`) {
		t.Errorf("prepared %d manifests, the first %s", len(got.Manifests), got.Manifests[0].JSON)
	}
	if diff := cmp.Diff([]manifest.Key{key("ConfigMap", "a")}, got.Repeated); diff != "" {
		t.Errorf("repeated (-want +got):\n%s", diff)
	}
}

func TestPrepareSetsHooksApart(t *testing.T) {
	t.Parallel()
	plain := parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
	both := parse(t, `{apiVersion: batch/v1, kind: Job, metadata: {generateName: b-, annotations: {
  argocd.argoproj.io/hook: "PreSync,PostSync", argocd.argoproj.io/sync-wave: "2", argocd.argoproj.io/hook-delete-policy: HookFailed}}}`)
	never := parse(t, "{apiVersion: batch/v1, kind: Job, metadata: {name: c, annotations: {argocd.argoproj.io/hook: Skip}}}")
	got, err := plan.Prepare([]manifest.Manifest{plain, both, never}, destination())
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	if len(got.Desired) != 1 || len(got.HookManifests) != 2 {
		t.Errorf("prepared %d objects and %d hooks, want 1 and 2", len(got.Desired), len(got.HookManifests))
	}
	named := plan.Named(got.Hooks, "0123456789", time.Unix(17, 0))
	type shown struct {
		Name   string
		Phase  plan.Phase
		Wave   int
		Policy live.Hook
	}
	var hooks []shown
	for _, hook := range named {
		hooks = append(hooks, shown{hook.Name, hook.Phase, hook.Wave, hook.Policy & (live.DeleteBefore | live.DeleteFailed)})
	}
	want := []shown{
		{"b-0123456-presync-17", plan.PreSync, 2, live.DeleteFailed},
		{"b-0123456-postsync-17", plan.PostSync, 2, live.DeleteFailed},
	}
	if diff := cmp.Diff(want, hooks); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
	m, err := named[0].Object(got.HookManifests[named[0].Manifest], app, "")
	if err != nil {
		t.Fatalf("Object: %v", err)
	}
	for _, text := range []string{
		`"name":"b-0123456-presync-17"`, `"finalizers":["argocd.argoproj.io/hook-finalizer"]`,
		`guestbook:batch/Job:demo/b-0123456-presync-17`, `"capstan.dev/managed":"true"`,
	} {
		if !strings.Contains(string(m.JSON), text) {
			t.Errorf("the hook's manifest lacks %s: %s", text, m.JSON)
		}
	}
	if strings.Contains(string(m.JSON), "generateName") {
		t.Errorf("the hook's manifest asks for another name: %s", m.JSON)
	}
}

func TestPrepareLetsThroughKindsThatAreYetToCome(t *testing.T) {
	t.Parallel()
	to := destination()
	to.Missing = func(error) bool { return true }
	marked := parse(t, "{apiVersion: v1, kind: Unknown, metadata: {name: a, annotations: {argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true}}}")
	plain := parse(t, "{apiVersion: v1, kind: Unknown, metadata: {name: b}}")
	if got, err := plan.Prepare([]manifest.Manifest{marked}, to); err != nil || !got.Desired[0].Guessed {
		t.Errorf("prepared %+v, %v", got.Desired, err)
	}
	if _, err := plan.Prepare([]manifest.Manifest{plain}, to); err == nil {
		t.Error("an object of a kind that is not served went through")
	}
	to.SkipMissing = true
	if _, err := plan.Prepare([]manifest.Manifest{plain}, to); err != nil {
		t.Errorf("Prepare: %v", err)
	}
	to.Missing = func(error) bool { return false }
	if _, err := plan.Prepare([]manifest.Manifest{plain}, to); err == nil {
		t.Error("an object whose kind could not be looked up went through")
	}
}
