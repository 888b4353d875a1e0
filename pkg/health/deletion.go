// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	hookAnnotation     = "argocd.argoproj.io/hook"
	helmHookAnnotation = "helm.sh/hook"
	hookFinalizer      = "argocd.argoproj.io/hook-finalizer"
)

// PendingDeletion returns Progressing for an object that is being deleted and nil for any
// other; callers ask it before Assess (as Argo CD 3.5: gitops-engine/pkg/health/health.go). A
// hook that waits for its sync behind the hook finalizer is rated by its rule.
func PendingDeletion(object *unstructured.Unstructured) *Health {
	if object.GetDeletionTimestamp() == nil || slices.Contains(object.GetFinalizers(), hookFinalizer) {
		return nil
	}
	return &Health{Status: Progressing, Message: "Pending deletion"}
}
