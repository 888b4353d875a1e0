// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// sink turns what a reflector reads into records at once; the objects are left to the
// garbage collector.
type sink struct {
	watch *watch
	kind  schema.GroupVersionKind
}

var (
	_ cache.TransformingStore      = &sink{}
	_ cache.ReflectorBookmarkStore = &sink{}
)

// Transformer makes a record of each object of the first list as it arrives.
func (s *sink) Transformer() cache.TransformFunc {
	return func(object any) (any, error) { return s.record(object) }
}

// Add stores an object.
func (s *sink) Add(object any) error {
	record, err := s.record(object)
	if err != nil {
		return err
	}
	s.put(types.NamespacedName{Namespace: record.Namespace, Name: record.Name}, record)
	return nil
}

// Update stores an object.
func (s *sink) Update(object any) error { return s.Add(object) }

// Delete removes an object, or one that lost the label.
func (s *sink) Delete(object any) error {
	meta, ok := object.(metav1.Object)
	if !ok {
		return fmt.Errorf("deleted %T has no metadata", object)
	}
	s.put(types.NamespacedName{Namespace: meta.GetNamespace(), Name: meta.GetName()}, nil)
	return nil
}

func (s *sink) put(name types.NamespacedName, record *Live) {
	s.watch.cluster.events.Add(1)
	s.watch.put(name, record)
}

// Replace takes a whole list. Where one object of it cannot be understood the list is
// refused, because what is not in it would count as gone.
func (s *sink) Replace(objects []any, _ string) error {
	records := make([]*Live, 0, len(objects))
	for _, object := range objects {
		record, err := s.record(object)
		if err != nil {
			s.watch.failed(err)
			return fmt.Errorf("%s: %w", s.kind.Kind, err)
		}
		records = append(records, record)
	}
	s.watch.cluster.events.Add(int64(len(records)))
	s.watch.listed(records)
	return nil
}

// Resync does nothing: records do not grow old.
func (s *sink) Resync() error { return nil }

// Bookmark proves that the watch works.
func (s *sink) Bookmark(string) error {
	s.watch.working()
	return nil
}

func (s *sink) record(object any) (*Live, error) {
	if record, ok := object.(*Live); ok {
		return record, nil
	}
	meta, ok := object.(metav1.Object)
	if !ok {
		return nil, errors.New("the server sent something that is no object")
	}
	record := Record(s.kind, meta, s.watch.cluster.options.HealthRules)
	return &record, nil
}
