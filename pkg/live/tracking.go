// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"strings"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

const (
	// ManagedLabel is set to ManagedValue on every object that Capstan applies, so that one
	// selected watch a kind sees just these.
	ManagedLabel = "capstan.dev/managed"
	// ManagedValue is the value of ManagedLabel.
	ManagedValue = "true"
	// TrackingAnnotation names the application and the object itself, in Argo CD's form.
	TrackingAnnotation = "argocd.argoproj.io/tracking-id"
	// FieldManager is the name under which Capstan owns fields.
	FieldManager = "capstan"

	silentAnnotation      = "argocd.argoproj.io/ignore-healthcheck"
	syncOptionsAnnotation = "argocd.argoproj.io/sync-options"
	helmPolicyAnnotation  = "helm.sh/resource-policy"
)

// TrackingID returns the value of the tracking annotation of an application's object.
func TrackingID(application string, key manifest.Key) string {
	return application + ":" + key.String()
}

// Tracked returns the application that the tracking annotation names, or "" where it is
// absent or names another object: a copied annotation tracks nothing
// (as Argo CD 3.6: gitops-engine, self reference check).
func Tracked(annotations map[string]string, key manifest.Key) string {
	application, self, found := strings.Cut(annotations[TrackingAnnotation], ":")
	if !found || self != key.String() {
		return ""
	}
	return application
}

// KeepOf returns the removals that an object's annotations forbid.
func KeepOf(annotations map[string]string) Keep {
	var keep Keep
	for option := range strings.SplitSeq(annotations[syncOptionsAnnotation], ",") {
		switch strings.TrimSpace(option) {
		case "Prune=false":
			keep |= KeepOnPrune
		case "Delete=false":
			keep |= KeepOnDelete
		}
	}
	if annotations[helmPolicyAnnotation] == "keep" {
		keep |= KeepOnPrune | KeepOnDelete
	}
	return keep
}

// SilentOf reports whether an object's annotations keep its health out of its application's
// (as Argo CD 3.5: controller/health.go).
func SilentOf(annotations map[string]string) bool { return annotations[silentAnnotation] == "true" }
