// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// maxRecord bounds what a record may unpack to.
const maxRecord = 64 << 20

// records keeps the object record of each Application beside it, under its name and UID:
// what another Application of the name left is never read.
type records struct {
	store *registry.REST
	// packers are gzip writers, each of which is larger than most records.
	packers sync.Pool
}

func newRecords(scheme *runtime.Scheme, getter generic.RESTOptionsGetter) (*records, error) {
	resource := v1alpha1.Resource("applicationrecords")
	store, err := registry.NewStore(getter, registry.Options{
		Resource: resource,
		Singular: "applicationrecord",
		New:      func() runtime.Object { return &v1alpha1.ApplicationRecord{} },
		NewList:  func() runtime.Object { return &v1alpha1.ApplicationRecordList{} },
		Strategy: recordStrategy{registry.NewStrategy(scheme)},
		Table:    rest.NewDefaultTableConvertor(resource),
	})
	if err != nil {
		return nil, err
	}
	return &records{store: store}, nil
}

// get returns the resources of an Application, nil where none were reported: those in its
// status, else its record.
func (r *records) get(ctx context.Context, app *v1alpha1.Application) ([]v1alpha1.ResourceStatus, error) {
	if len(app.Status.Resources) > 0 {
		return app.Status.Resources, nil
	}
	data, err := r.packed(ctx, app)
	if err != nil || data == nil {
		return nil, err
	}
	return unpack(data)
}

// packed returns the record of an Application as it is stored, nil where there is none.
func (r *records) packed(ctx context.Context, app metav1.Object) ([]byte, error) {
	ctx = genericapirequest.WithNamespace(ctx, app.GetNamespace())
	// Version "0" reads the cache, which is as new as the list or watch that asks.
	object, err := r.store.Get(ctx, app.GetName(), &metav1.GetOptions{ResourceVersion: "0"})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of Application %s/%s: %w", app.GetNamespace(), app.GetName(), err)
	}
	record := registry.As[*v1alpha1.ApplicationRecord](object)
	if record.Labels[ownerLabel] != string(app.GetUID()) {
		return nil, nil
	}
	return record.Data, nil
}

// put replaces the record where it differs.
func (r *records) put(
	ctx context.Context, app *v1alpha1.Application, items []v1alpha1.ResourceStatus, dryRun []string,
) error {
	data, err := r.pack(items)
	if err != nil {
		return err
	}
	ctx = genericapirequest.WithNamespace(ctx, app.Namespace)
	record := &v1alpha1.ApplicationRecord{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: app.Namespace, Name: app.Name, Labels: map[string]string{ownerLabel: string(app.UID)},
		},
		Data: data,
	}
	info := rest.DefaultUpdatedObjectInfo(record, keepVersion)
	_, _, err = r.store.Update(ctx, app.Name, info, rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc,
		true, &metav1.UpdateOptions{DryRun: dryRun})
	if err != nil {
		return fmt.Errorf("write the record of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	return nil
}

// keepVersion lets an equal record be no write: only what is in it counts.
func keepVersion(_ context.Context, updated, current runtime.Object) (runtime.Object, error) {
	next, before := registry.As[*v1alpha1.ApplicationRecord](updated), registry.As[*v1alpha1.ApplicationRecord](current)
	if before != nil && bytes.Equal(next.Data, before.Data) && next.Labels[ownerLabel] == before.Labels[ownerLabel] {
		return before.DeepCopyObject(), nil
	}
	return updated, nil
}

// drop removes the record of an Application that is gone.
func (r *records) drop(ctx context.Context, app *v1alpha1.Application) error {
	ctx = genericapirequest.WithNamespace(ctx, app.Namespace)
	_, _, err := r.store.Delete(ctx, app.Name, rest.ValidateAllObjectFunc, &metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// ownerLabel holds the UID of the Application that a record belongs to.
const ownerLabel = "capstan.dev/application-uid"

// recordStrategy writes whatever the server itself hands it.
type recordStrategy struct{ registry.Strategy }

// AllowCreateOnUpdate is true: a record is put, whether it was there or not.
func (recordStrategy) AllowCreateOnUpdate(context.Context) bool { return true }

// PrepareForCreate changes nothing.
func (recordStrategy) PrepareForCreate(context.Context, runtime.Object) {}

// PrepareForUpdate changes nothing.
func (recordStrategy) PrepareForUpdate(context.Context, runtime.Object, runtime.Object) {}

// Validate finds nothing: no client writes records.
func (recordStrategy) Validate(context.Context, runtime.Object) field.ErrorList { return nil }

// ValidateUpdate finds nothing: no client writes records.
func (recordStrategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}

func (r *records) pack(items []v1alpha1.ResourceStatus) ([]byte, error) {
	var packed bytes.Buffer
	writer, kept := r.packers.Get().(*gzip.Writer)
	if !kept {
		writer = gzip.NewWriter(nil)
	}
	defer r.packers.Put(writer)
	writer.Reset(&packed)
	if err := json.NewEncoder(writer).Encode(items); err != nil {
		return nil, fmt.Errorf("pack a record: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("pack a record: %w", err)
	}
	return packed.Bytes(), nil
}

func unpack(data []byte) ([]v1alpha1.ResourceStatus, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack a record: %w", err)
	}
	var items []v1alpha1.ResourceStatus
	if err := json.NewDecoder(io.LimitReader(reader, maxRecord)).Decode(&items); err != nil {
		return nil, fmt.Errorf("unpack a record: %w", err)
	}
	return items, nil
}
