// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// statusStrategy decides what a write of analysisruns/status changes: the status.
type statusStrategy struct {
	strategy
}

// GetResetFields returns everything but the status.
func (statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.StatusResetFields(v1alpha1.SchemeGroupVersion)
}

// PrepareForUpdate keeps the specification and the metadata.
func (s statusStrategy) PrepareForUpdate(ctx context.Context, obj, old runtime.Object) {
	updated, current := registry.As[*v1alpha1.AnalysisRun](obj), registry.As[*v1alpha1.AnalysisRun](old)
	s.keepFound(ctx, updated, current)
	updated.Spec = current.Spec
	registry.KeepMetadata(updated, current)
}

// ValidateUpdate accepts any status that was kept so far.
func (statusStrategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}
