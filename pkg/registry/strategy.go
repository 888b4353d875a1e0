// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// ResourceStrategy is what NewStore asks of a kind.
type ResourceStrategy interface {
	rest.RESTCreateStrategy
	rest.RESTUpdateStrategy
	rest.RESTDeleteStrategy
	rest.ResetFieldsStrategy
}

// Strategy holds the answers that every kind gives alike; a kind embeds it and overrides where it differs.
type Strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
}

var _ rest.GarbageCollectionDeleteStrategy = Strategy{}

// NewStrategy returns a Strategy that finds the kinds of objects in the scheme.
func NewStrategy(scheme *runtime.Scheme) Strategy {
	return Strategy{ObjectTyper: scheme, NameGenerator: names.SimpleNameGenerator}
}

// NamespaceScoped is true: kinds of the whole cluster override it.
func (Strategy) NamespaceScoped() bool {
	return true
}

// AllowCreateOnUpdate is false: a PUT of an object that does not exist fails.
func (Strategy) AllowCreateOnUpdate(context.Context) bool {
	return false
}

// AllowUnconditionalUpdate is true: a PUT without a resource version replaces whatever is there.
func (Strategy) AllowUnconditionalUpdate(context.Context) bool {
	return true
}

// Canonicalize does nothing: objects are stored as users wrote them.
func (Strategy) Canonicalize(runtime.Object) {}

// WarningsOnCreate returns no warnings.
func (Strategy) WarningsOnCreate(context.Context, runtime.Object) []string {
	return nil
}

// WarningsOnUpdate returns no warnings.
func (Strategy) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}

// DefaultGarbageCollectionPolicy deletes what an object owns together with it, unless the client asks otherwise.
func (Strategy) DefaultGarbageCollectionPolicy(context.Context) rest.GarbageCollectionPolicy {
	return rest.DeleteDependents
}

// GetResetFields returns no fields: the main resource of a kind without a status keeps all that a client writes.
func (Strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return nil
}

// ResetFields names fields of a version that a write surface ignores, so that server-side apply does not own them.
func ResetFields(version schema.GroupVersion, paths ...fieldpath.Path) map[fieldpath.APIVersion]*fieldpath.Set {
	return map[fieldpath.APIVersion]*fieldpath.Set{
		fieldpath.APIVersion(version.String()): fieldpath.NewSet(paths...),
	}
}

// StatusResetFields names what a status surface ignores: the specification, and the metadata that KeepMetadata keeps.
func StatusResetFields(version schema.GroupVersion) map[fieldpath.APIVersion]*fieldpath.Set {
	return ResetFields(version,
		fieldpath.MakePathOrDie("spec"),
		fieldpath.MakePathOrDie("metadata", "labels"),
		fieldpath.MakePathOrDie("metadata", "annotations"),
		fieldpath.MakePathOrDie("metadata", "finalizers"),
		fieldpath.MakePathOrDie("metadata", "ownerReferences"),
	)
}

// KeepMetadata puts the metadata that users write back to what it was, for write surfaces that must not change it.
func KeepMetadata(updated, current metav1.Object) {
	updated.SetLabels(current.GetLabels())
	updated.SetAnnotations(current.GetAnnotations())
	updated.SetFinalizers(current.GetFinalizers())
	updated.SetOwnerReferences(current.GetOwnerReferences())
}

// As returns an object of a store as the type that the store's New makes, the only one that a strategy is handed.
func As[T runtime.Object](object runtime.Object) T {
	typed, _ := object.(T)
	return typed
}
