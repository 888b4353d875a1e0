// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

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
	full, isFull := object.(*unstructured.Unstructured)
	if !isFull {
		record.Owned = OwnedFields(object.GetManagedFields())
		return record
	}
	record.Owned = ownedFieldsOf(full)
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

// OwnedFields returns the digest of the fields that live.FieldManager owns by apply, zero where
// it owns none. It is the same whether an object was read as metadata or in full, and in
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
		return digestOf(fields)
	}
	return manifest.Digest{}
}

// ownedFieldsOf is OwnedFields without the conversion to entries, which costs more than
// all the rest of a record.
func ownedFieldsOf(object *unstructured.Unstructured) manifest.Digest {
	metadata, _ := object.Object["metadata"].(map[string]any)
	entries, _ := metadata["managedFields"].([]any)
	for _, item := range entries {
		entry, _ := item.(map[string]any)
		subresource, _ := entry["subresource"].(string)
		if entry["manager"] == live.FieldManager && entry["operation"] == string(metav1.ManagedFieldsOperationApply) &&
			subresource == "" && entry["fieldsV1"] != nil {
			return digestOf(entry["fieldsV1"])
		}
	}
	return manifest.Digest{}
}

func digestOf(fields any) manifest.Digest {
	canonical, err := json.Marshal(fields)
	if err != nil {
		return manifest.Digest{}
	}
	return manifest.DigestOf(canonical)
}
