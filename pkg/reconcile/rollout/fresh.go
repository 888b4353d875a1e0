// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	// byOwner is the index of objects by the UID of the Rollout that owns them.
	byOwner = "rollout"
	// keepWritten is how long an object that was written is preferred to a cache that does not show it.
	keepWritten = time.Minute
	// mostWritten is how many such objects are kept.
	mostWritten = 20_000
)

// OwnerIndexers are those that Options.Runs and the ReplicaSets of a site need.
func OwnerIndexers() cache.Indexers {
	return cache.Indexers{byOwner: func(object any) ([]string, error) {
		owned, isObject := object.(metav1.Object)
		if !isObject {
			return nil, nil
		}
		if owner := ownerOf(owned); owner != nil {
			return []string{string(owner.UID)}, nil
		}
		return nil, nil
	}}
}

// ownerOf returns the reference to the Rollout that controls an object, or nil.
func ownerOf(object metav1.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOfNoCopy(object)
	if owner == nil || owner.Kind != kind || owner.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return nil
	}
	return owner
}

const kind = "Rollout"

// newest shows objects as a cache does, or as this process wrote them where the cache is behind.
func newest(indexer cache.Indexer) cache.MutationCache {
	return cache.NewIntegerResourceVersionMutationCacheWithOptions(klog.Background(), indexer,
		cache.MutationCacheOptions{
			Indexer: indexer, TTL: keepWritten, IncludeAdds: true, MaxCacheSize: mostWritten,
		})
}

// fresh holds our own kinds.
type fresh struct {
	rollouts, runs cache.MutationCache
}

// rollout returns the Rollout of a key, nil where there is none.
func (f fresh) rollout(key types.NamespacedName) (*v1alpha1.Rollout, error) {
	object, found, err := f.rollouts.GetByKey(key.String())
	if !found || err != nil {
		return nil, err
	}
	rollout, isRollout := object.(*v1alpha1.Rollout)
	if !isRollout {
		return nil, fmt.Errorf("the cache of Rollouts holds a %T", object)
	}
	return rollout, nil
}

// setsOf returns the ReplicaSets of a Rollout, the oldest first.
func (s *site) setsOf(rollout *v1alpha1.Rollout) ([]*appsv1.ReplicaSet, error) {
	sets, err := owned[*appsv1.ReplicaSet](s.sets, rollout)
	slices.SortFunc(sets, func(a, b *appsv1.ReplicaSet) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return sets, err
}

// runsOf returns the AnalysisRuns of a Rollout by name.
func (f fresh) runsOf(rollout *v1alpha1.Rollout) (map[string]*v1alpha1.AnalysisRun, error) {
	list, err := owned[*v1alpha1.AnalysisRun](f.runs, rollout)
	runs := make(map[string]*v1alpha1.AnalysisRun, len(list))
	for _, run := range list {
		runs[run.Name] = run
	}
	return runs, err
}

// owned returns the objects that a Rollout controls and that are not going.
func owned[T metav1.Object](from cache.MutationCache, rollout *v1alpha1.Rollout) ([]T, error) {
	objects, err := from.ByIndex(byOwner, string(rollout.UID))
	if err != nil {
		return nil, fmt.Errorf("list what Rollout %s/%s owns: %w", rollout.Namespace, rollout.Name, err)
	}
	var list []T
	for _, object := range objects {
		typed, is := object.(T)
		// Whoever knows the UID of a Rollout can name it as owner from another namespace.
		if is && typed.GetDeletionTimestamp() == nil && typed.GetNamespace() == rollout.Namespace {
			list = append(list, typed)
		}
	}
	return list, nil
}

// watching keeps a cache of written objects true to what the watch shows.
func watching(written cache.MutationCache, changed func(metav1.Object)) cache.ResourceEventHandler {
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
