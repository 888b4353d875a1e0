// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/capstan-dev/capstan/pkg/live"
)

// migrate hands the fields of other managers, which stood in for Capstan before, over to it.
// The apply that follows takes away those that the manifest does not have. What it reads is
// the reply to an apply, so that it costs nothing where there is nothing to migrate.
func (w writing) migrate(
	ctx context.Context, client rest.Interface, path []string, object *metav1.PartialObjectMetadata,
) (bool, error) {
	foreign := func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Subresource == "" && slices.Contains(w.change.Migrate, entry.Manager)
	}
	if !slices.ContainsFunc(object.ManagedFields, foreign) {
		return false, nil
	}
	object = object.DeepCopy()
	for i := range object.ManagedFields {
		if entry := &object.ManagedFields[i]; foreign(*entry) {
			// What another manager applied is to be handed over like what it updated.
			entry.Operation = metav1.ManagedFieldsOperationUpdate
		}
	}
	err := csaupgrade.UpgradeManagedFields(object, sets.New(w.change.Migrate...), live.FieldManager)
	if err != nil {
		return false, fmt.Errorf("take over the fields of %s: %w", w.change.Manifest.Key, err)
	}
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": object.UID},
		{"op": "replace", "path": "/metadata/managedFields", "value": object.ManagedFields},
		{"op": "replace", "path": "/metadata/resourceVersion", "value": object.ResourceVersion},
	})
	if err != nil {
		return false, fmt.Errorf("encode the fields of %s: %w", w.change.Manifest.Key, err)
	}
	return true, client.Patch(types.JSONPatchType).AbsPath(path...).MaxRetries(0).SetHeader("Accept", accept).
		Param("fieldManager", live.FieldManager).Body(patch).Do(ctx).Error()
}
