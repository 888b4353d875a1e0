// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// Keys returns the keys of all objects of a store.
func Keys(store cache.Store) []types.NamespacedName {
	var keys []types.NamespacedName
	for _, object := range store.List() {
		if described, isObject := object.(metav1.Object); isObject {
			keys = append(keys, types.NamespacedName{Namespace: described.GetNamespace(), Name: described.GetName()})
		}
	}
	return keys
}
