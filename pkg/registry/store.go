// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/client-go/tools/cache"
)

// Category is the category that every kind is in: kubectl get argo lists them all.
const Category = "argo"

// Options describes a kind to NewStore.
type Options struct {
	// Resource is the group and the plural name.
	Resource schema.GroupResource
	// Singular is the singular name.
	Singular string
	// ShortNames are abbreviations that kubectl accepts.
	ShortNames []string
	// New returns an empty object, NewList an empty list.
	New, NewList func() runtime.Object
	// Strategy decides what the main resource may change.
	Strategy ResourceStrategy
	// Table prints the kind.
	Table rest.TableConvertor

	// Attributes returns the labels and the selectable fields of an object; nil selects on name and namespace alone.
	Attributes storage.AttrFunc
	// Trigger is the selectable field by which watches are spread, at most one.
	Trigger storage.IndexerFuncs
	// Indexers are indexes of the watch cache, and IndexFields the selectable fields that are looked up in them.
	Indexers    *cache.Indexers
	IndexFields []string
}

// REST is the main resource of a kind.
type REST struct {
	*genericregistry.Store
	shortNames []string
}

var (
	_ rest.StandardStorage      = &REST{}
	_ rest.ShortNamesProvider   = &REST{}
	_ rest.CategoriesProvider   = &REST{}
	_ rest.SingularNameProvider = &REST{}
)

// NewStore returns the main resource of a kind, kept where the getter says.
func NewStore(getter generic.RESTOptionsGetter, options Options) (*REST, error) {
	store := &genericregistry.Store{
		NewFunc:                   options.New,
		NewListFunc:               options.NewList,
		DefaultQualifiedResource:  options.Resource,
		SingularQualifiedResource: schema.GroupResource{Group: options.Resource.Group, Resource: options.Singular},
		PredicateFunc:             options.predicate(),
		CreateStrategy:            options.Strategy,
		UpdateStrategy:            options.Strategy,
		DeleteStrategy:            options.Strategy,
		ResetFieldsStrategy:       options.Strategy,
		TableConvertor:            options.Table,
	}
	err := store.CompleteWithOptions(&generic.StoreOptions{
		RESTOptions: getter,
		AttrFunc:    options.Attributes,
		TriggerFunc: options.Trigger,
		Indexers:    options.Indexers,
	})
	if err != nil {
		return nil, fmt.Errorf("open the store of %s: %w", options.Resource, err)
	}
	return &REST{Store: store, shortNames: options.ShortNames}, nil
}

// predicate returns how the store selects objects, or nil where only metadata is selectable and the default does.
func (o Options) predicate() func(labels.Selector, fields.Selector) storage.SelectionPredicate {
	if o.Attributes == nil {
		return nil
	}
	return func(label labels.Selector, field fields.Selector) storage.SelectionPredicate {
		return storage.SelectionPredicate{
			Label: label, Field: field, GetAttrs: o.Attributes, IndexFields: o.IndexFields,
		}
	}
}

// ShortNames returns the abbreviations that kubectl accepts.
func (r *REST) ShortNames() []string {
	return r.shortNames
}

// Categories returns the categories that the kind is in.
func (r *REST) Categories() []string {
	return []string{Category}
}
