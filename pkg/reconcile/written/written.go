// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package written shows objects as a cache does, or as this process wrote them where the cache is behind.
//
// Input: an informer's indexer, what was written, and what the watch tells. Output: the newest version of each object
// that is known here.
package written

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	// keep is how long an object that was written is preferred to a cache that does not show it.
	keep = time.Minute
	// most is how many such objects are kept.
	most = 20_000
)

// Over returns a cache over an indexer that shows what was written as well.
func Over(indexer cache.Indexer) cache.MutationCache {
	return cache.NewIntegerResourceVersionMutationCacheWithOptions(klog.Background(), indexer,
		cache.MutationCacheOptions{Indexer: indexer, TTL: keep, IncludeAdds: true, MaxCacheSize: most})
}

// Get returns the object of a key, and false where there is none.
func Get[T any](from cache.MutationCache, key string) (object T, found bool, err error) {
	held, found, err := from.GetByKey(key)
	if !found || err != nil {
		return object, false, err
	}
	object, found = held.(T)
	if !found {
		return object, false, fmt.Errorf("the cache holds a %T for %s", held, key)
	}
	return object, true, nil
}

// OwnerIndexers index objects by the UID of what controls them, where that is of one of our kinds.
func OwnerIndexers(kind string) cache.Indexers {
	return cache.Indexers{kind: func(object any) ([]string, error) {
		owned, isObject := object.(metav1.Object)
		if !isObject {
			return nil, nil
		}
		if owner := OwnerOf(owned, kind); owner != nil {
			return []string{string(owner.UID)}, nil
		}
		return nil, nil
	}}
}

// LabelIndexers index objects as OwnerIndexers do, by the UID that a label holds: what is in another cluster than its
// owner has no reference to it.
func LabelIndexers(kind, label string) cache.Indexers {
	return cache.Indexers{kind: func(object any) ([]string, error) {
		if owned, isObject := object.(metav1.Object); isObject {
			return []string{owned.GetLabels()[label]}, nil
		}
		return nil, nil
	}}
}

// OwnerOf returns the reference to what controls an object, nil where that is not of one of our kinds.
func OwnerOf(object metav1.Object, kind string) *metav1.OwnerReference {
	owner := metav1.GetControllerOfNoCopy(object)
	if owner == nil || owner.Kind != kind || owner.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return nil
	}
	return owner
}

// Owned returns the objects that an object of a kind controls and that are not going.
func Owned[T metav1.Object](from cache.MutationCache, kind string, owner metav1.Object) ([]T, error) {
	objects, err := from.ByIndex(kind, string(owner.GetUID()))
	if err != nil {
		return nil, fmt.Errorf("list what %s %s/%s owns: %w", kind, owner.GetNamespace(), owner.GetName(), err)
	}
	var list []T
	for _, object := range objects {
		typed, is := object.(T)
		// Whoever knows a UID can name it as owner from another namespace.
		if is && typed.GetDeletionTimestamp() == nil && typed.GetNamespace() == owner.GetNamespace() {
			list = append(list, typed)
		}
	}
	return list, nil
}

// Watching keeps what was written true to what the watch shows, and tells of each object that came, changed or went.
func Watching(written cache.MutationCache, changed func(metav1.Object)) cache.ResourceEventHandler {
	tell := func(object any) {
		if typed, isObject := object.(metav1.Object); isObject {
			changed(typed)
		}
	}
	shown := func(object any) {
		if typed, isObject := object.(runtime.Object); isObject {
			written.OnAddOrUpdate(typed)
		}
		tell(object)
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    shown,
		UpdateFunc: func(_, now any) { shown(now) },
		DeleteFunc: func(object any) {
			if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
				object = gone.Obj
			}
			if typed, isObject := object.(runtime.Object); isObject {
				written.OnDelete(typed)
			}
			tell(object)
		},
	}
}
