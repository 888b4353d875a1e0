// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// addFieldLabels names the fields by which objects are selected; every other kind has those of metadata.
func addFieldLabels(scheme *runtime.Scheme) error {
	if err := scheme.AddFieldLabelConversionFunc(argov1alpha1.SchemeGroupVersion.WithKind("Application"), selectable(
		"spec.project", "spec.destination.name", "spec.destination.server",
		"status.sync.status", "status.health.status",
	)); err != nil {
		return err
	}
	for kind, fields := range map[string][]string{
		"SyncRun":  {"spec.application.name"},
		"Plan":     {"spec.application.name", "status.phase"},
		"Approval": {"spec.application.name", "spec.plan"},
	} {
		gvk := capstanv1alpha1.SchemeGroupVersion.WithKind(kind)
		if err := scheme.AddFieldLabelConversionFunc(gvk, selectable(fields...)); err != nil {
			return err
		}
	}
	return nil
}

func selectable(fields ...string) runtime.FieldLabelConversionFunc {
	labels := append([]string{"metadata.name", "metadata.namespace"}, fields...)
	return func(label, value string) (string, string, error) {
		if !slices.Contains(labels, label) {
			return "", "", fmt.Errorf("%q is not a known field selector: use one of %s", label, strings.Join(labels, ", "))
		}
		return label, value, nil
	}
}
