// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// phaseRules takes an object for healthy where status.phase is Running, and fails where
// there is no phase.
type phaseRules struct{}

func (phaseRules) Has(kind schema.GroupKind) bool { return kind.Kind == "Deployment" }

func (phaseRules) Assess(object *unstructured.Unstructured) (*health.Health, error) {
	phase, found, _ := unstructured.NestedString(object.Object, "status", "phase")
	switch {
	case !found:
		return nil, errors.New("there is no phase")
	case phase == "Running":
		return &health.Health{Status: health.Healthy}, nil
	default:
		return &health.Health{Status: health.Progressing, Message: phase}, nil
	}
}

func objectOf(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

// metadataOf decodes the metadata of object from JSON, as a client does.
func metadataOf(t *testing.T, object *unstructured.Unstructured) *metav1.PartialObjectMetadata {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	partial := &metav1.PartialObjectMetadata{}
	if err := json.Unmarshal(data, partial); err != nil {
		t.Fatal(err)
	}
	return partial
}

func TestRecord(t *testing.T) {
	t.Parallel()
	gvk := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	key := manifest.Key{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}
	owned := manifest.DigestOf([]byte(`{"f:spec":{"f:replicas":{}}}`))
	tests := map[string]struct {
		object string
		want   live.Object
	}{
		"keeps identity, owned fields, application and health": {
			object: `
metadata:
  name: web
  namespace: shop
  uid: u1
  resourceVersion: "42"
  annotations: {"argocd.argoproj.io/tracking-id": "guestbook:apps/Deployment:shop/web"}
  managedFields:
  - {manager: kubectl, operation: Update, fieldsV1: {"f:metadata": {}}}
  - {manager: capstan, operation: Apply, fieldsV1: {"f:spec": {"f:replicas": {}}}}
status: {phase: Running}`,
			want: live.Object{
				UID: "u1", ResourceVersion: 42, Owned: owned, Driven: owned, Application: "guestbook",
				Health: &health.Health{Status: health.Healthy},
			},
		},
		"does not take a copied annotation for its own": {
			object: `
metadata:
  name: web
  namespace: shop
  annotations: {"argocd.argoproj.io/tracking-id": "guestbook:apps/Deployment:shop/other"}
status: {phase: Starting}`,
			want: live.Object{Health: &health.Health{Status: health.Progressing, Message: "Starting"}},
		},
		"notes deletion and what the annotations forbid": {
			object: `
metadata:
  name: web
  namespace: shop
  deletionTimestamp: "2026-01-01T00:00:00Z"
  annotations: {"argocd.argoproj.io/sync-options": "Prune=false"}
status: {phase: Running}`,
			want: live.Object{
				Deleting: true, Keep: live.KeepOnPrune | live.SaysPrune, Health: &health.Health{Status: health.Healthy},
			},
		},
		"reports a health rule that fails as unknown health": {
			object: "metadata: {name: web, namespace: shop}",
			want: live.Object{
				Health: &health.Health{Status: health.Unknown, Message: "health rule failed: there is no phase"},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.want.Key, test.want.Version = key, "v1"
			object := objectOf(t, test.object)
			if diff := cmp.Diff(test.want, cluster.Record(gvk, object, phaseRules{})); diff != "" {
				t.Errorf("record of the object (-want +got):\n%s", diff)
			}
			test.want.Health = nil
			if diff := cmp.Diff(test.want, cluster.Record(gvk, metadataOf(t, object), phaseRules{})); diff != "" {
				t.Errorf("record of its metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOwnedFields(t *testing.T) {
	t.Parallel()
	const replicas = `{"f:spec":{"f:replicas":{}}}`
	tests := map[string]struct {
		entry string
		// foreign fields count as none.
		foreign bool
	}{
		"are those of an apply":            {entry: "manager: capstan, operation: Apply"},
		"are not those of an update":       {entry: "manager: capstan, operation: Update", foreign: true},
		"are not those of another manager": {entry: "manager: kubectl, operation: Apply", foreign: true},
		"are not those of a subresource": {
			entry: "manager: capstan, operation: Apply, subresource: status", foreign: true,
		},
		"do not depend on the version of the apply": {
			entry: "manager: capstan, operation: Apply, apiVersion: apps/v1beta1",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := objectOf(t, "metadata: {managedFields: [{"+test.entry+", fieldsV1: "+replicas+"}]}")
			want := manifest.DigestOf([]byte(replicas))
			if test.foreign {
				want = manifest.Digest{}
			}
			if got := cluster.OwnedFields(metadataOf(t, object).ManagedFields); got != want {
				t.Errorf("digest of the metadata is %q, want %q", got, want)
			}
			if got := cluster.Record(schema.GroupVersionKind{}, object, nil).Owned; got != want {
				t.Errorf("digest of the object is %q, want %q", got, want)
			}
		})
	}
	t.Run("tell an apply from a later one of the same fields", func(t *testing.T) {
		t.Parallel()
		at := func(changed string) manifest.Digest {
			t.Helper()
			object := objectOf(t, "metadata: {managedFields: [{manager: capstan, operation: Apply, time: '"+changed+
				"', fieldsV1: "+replicas+"}]}")
			full := cluster.Record(schema.GroupVersionKind{}, object, nil).Owned
			if got := cluster.OwnedFields(metadataOf(t, object).ManagedFields); got != full {
				t.Errorf("digest of the metadata is %q, that of the object %q", got, full)
			}
			return full
		}
		if at("2026-01-01T00:00:00Z") == at("2026-01-01T00:00:01Z") {
			t.Error("both have one digest")
		}
	})
	t.Run("do not depend on the order and escapes that a server writes", func(t *testing.T) {
		t.Parallel()
		entry := func(raw string) []metav1.ManagedFieldsEntry {
			return []metav1.ManagedFieldsEntry{{
				Manager: "capstan", Operation: "Apply", FieldsV1: metav1.NewFieldsV1(raw),
			}}
		}
		one := cluster.OwnedFields(entry(`{"f:b":{},"k:{\"name\":\"<a&b>\"}":{".":{},"f:x":{}}}`))
		other := cluster.OwnedFields(entry(`{ "k:{\"name\":\"\u003ca\u0026b\u003e\"}" : {"f:x":{},".":{}}, "f:b":{}}`))
		if one != other || one.IsZero() {
			t.Errorf("digests %q and %q differ", one, other)
		}
	})
}

func TestDrivenFieldsChangeWhenSomebodyTakesOneOfAController(t *testing.T) {
	t.Parallel()
	const ours = "{manager: capstan, operation: Apply, fieldsV1: {\"f:spec\": {}}}"
	of := func(entries string) live.Object {
		t.Helper()
		object := objectOf(t, "metadata: {name: web, namespace: shop, managedFields: ["+ours+entries+"]}")
		full := cluster.Record(schema.GroupVersionKind{}, object, nil)
		if partial := cluster.Record(schema.GroupVersionKind{}, metadataOf(t, object), nil); partial != full {
			t.Errorf("the record of the metadata is %v, that of the object %v", partial, full)
		}
		return full
	}
	alone, foreign := of(""), of(`, {manager: kubectl, operation: Update, fieldsV1: {"f:a": {}}}`)
	if alone.Driven != alone.Owned || foreign.Driven != alone.Driven {
		t.Error("an object that no controller drives is driven")
	}
	for _, manager := range []string{"capstan-rollouts", "rollouts-controller"} {
		both := of(", {manager: " + manager + `, operation: Update, apiVersion: v1, fieldsV1: {"f:a": {}, "f:b": {}}}`)
		less := of(", {manager: " + manager + `, operation: Update, apiVersion: v1, fieldsV1: {"f:a": {}}}`)
		if both.Owned != alone.Owned || both.Driven == alone.Driven || both.Driven == less.Driven {
			t.Errorf("%s: what the controller owns is not told from what it does not", manager)
		}
	}
}
