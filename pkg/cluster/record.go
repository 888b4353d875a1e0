// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// HealthRules assesses objects of the kinds that it has a rule for.
type HealthRules interface {
	Has(kind schema.GroupKind) bool
	Assess(object *unstructured.Unstructured) (*health.Health, error)
}

// Record returns the live record of object, which is read in the version of gvk: a
// *metav1.PartialObjectMetadata, or an *unstructured.Unstructured, which rules (may be
// nil) then assess. Its ResourceVersion is 0 where the server's is not a number.
func Record(gvk schema.GroupVersionKind, object metav1.Object, rules HealthRules) Live {
	key := manifest.Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: object.GetNamespace(), Name: object.GetName()}
	annotations := object.GetAnnotations()
	record := Live{
		Key:             key,
		Version:         gvk.Version,
		UID:             object.GetUID(),
		ResourceVersion: Number(object.GetResourceVersion()),
		Application:     live.Tracked(annotations, key),
		Keep:            live.KeepOf(annotations),
		Silent:          live.SilentOf(annotations),
		Hook:            live.HookOf(annotations),
		Held:            slices.Contains(object.GetFinalizers(), live.HookFinalizer),
		Wave:            live.WaveOf(annotations),
		Deleting:        object.GetDeletionTimestamp() != nil,
	}
	if gvk.Group == live.RolloutGroup {
		record.Cluster, record.Undone = annotations[v1alpha1.AnnotationCluster], annotations[v1alpha1.AnnotationUndone]
	}
	full, isFull := object.(*unstructured.Unstructured)
	if !isFull {
		record.Owned = OwnedFields(object.GetManagedFields())
		record.Driven = DrivenFields(object.GetManagedFields())
		return record
	}
	record.Owned, record.Driven = ownedFieldsOf(full)
	if rules != nil {
		record.Health = assess(rules, full)
	}
	return record
}

// Number returns a resource version as a number, 0 where it is none.
func Number(resourceVersion string) uint64 {
	number, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// assess turns a rule that failed into Unknown: a fault in a rule is not one of the object.
func assess(rules HealthRules, object *unstructured.Unstructured) *health.Health {
	assessed, err := rules.Assess(object)
	if err != nil {
		return &health.Health{Status: health.Unknown, Message: "health rule failed: " + err.Error()}
	}
	return assessed
}

// OwnedFields returns the digest of the fields that live.FieldManager owns by apply, and of when it changed them last,
// zero where it owns none. It is the same whether an object was read as metadata or in full, and in
// whatever order the server wrote the fields.
func OwnedFields(entries []metav1.ManagedFieldsEntry) manifest.Digest {
	for i := range entries {
		entry := &entries[i]
		if entry.Manager != live.FieldManager || entry.Operation != metav1.ManagedFieldsOperationApply ||
			entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		var fields any
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields); err != nil {
			return manifest.Digest{}
		}
		changed := ""
		if entry.Time != nil {
			changed = entry.Time.UTC().Format(time.RFC3339)
		}
		return ownedOf(fields, changed)
	}
	return manifest.Digest{}
}

// DrivenFields returns the digest of the fields of OwnedFields together with those that a controller of Rollouts owns,
// OwnedFields where it owns none.
func DrivenFields(entries []metav1.ManagedFieldsEntry) manifest.Digest {
	driving := map[string]any{}
	for i := range entries {
		entry := &entries[i]
		if !live.Drives(entry.Manager) || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		var fields any
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields); err == nil {
			driving[entry.Manager+" "+entry.APIVersion] = fields
		}
	}
	return drivenOf(OwnedFields(entries), driving)
}

// ownedFieldsOf is OwnedFields and DrivenFields without the conversion to entries, which costs more than
// all the rest of a record.
func ownedFieldsOf(object *unstructured.Unstructured) (owned, driven manifest.Digest) {
	metadata, _ := object.Object["metadata"].(map[string]any)
	entries, _ := metadata["managedFields"].([]any)
	driving := map[string]any{}
	for _, item := range entries {
		entry, _ := item.(map[string]any)
		if subresource, _ := entry["subresource"].(string); subresource != "" || entry["fieldsV1"] == nil {
			continue
		}
		manager, _ := entry["manager"].(string)
		switch {
		case live.Drives(manager):
			version, _ := entry["apiVersion"].(string)
			driving[manager+" "+version] = entry["fieldsV1"]
		case manager == live.FieldManager && entry["operation"] == string(metav1.ManagedFieldsOperationApply):
			changed, _ := entry["time"].(string)
			owned = ownedOf(entry["fieldsV1"], changed)
		}
	}
	return owned, drivenOf(owned, driving)
}

// ownedOf tells an apply from a later one of other values to the same fields: a leader that was killed, or frozen, may
// have sent that one and recorded nothing of it. The server leaves the time as it is where an apply changes nothing.
func ownedOf(fields any, changed string) manifest.Digest {
	if changed == "" {
		return digestOf(fields)
	}
	return digestOf([]any{fields, changed})
}

func drivenOf(owned manifest.Digest, driving map[string]any) manifest.Digest {
	if len(driving) == 0 {
		return owned
	}
	return digestOf([]any{owned.String(), driving})
}

func digestOf(fields any) manifest.Digest {
	canonical, err := json.Marshal(fields)
	if err != nil {
		return manifest.Digest{}
	}
	return manifest.DigestOf(canonical)
}
