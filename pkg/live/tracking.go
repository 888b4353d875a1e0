// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

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
	// RolloutManager is the name under which the controller of Rollouts owns fields.
	RolloutManager = "capstan-rollouts"
	// peerRolloutManager is that of Argo Rollouts (as Argo Rollouts 1.9: the name of its program).
	peerRolloutManager = "rollouts-controller"

	// RolloutGroup is the API group of Rollouts.
	RolloutGroup = "argoproj.io"

	silentAnnotation = "argocd.argoproj.io/ignore-healthcheck"
	// SyncOptionsAnnotation holds an object's own sync options, separated by commas.
	SyncOptionsAnnotation = "argocd.argoproj.io/sync-options"
	helmPolicyAnnotation  = "helm.sh/resource-policy"
	compareAnnotation     = "argocd.argoproj.io/compare-options"
)

// Drives reports whether a field manager is a controller of Rollouts, which writes into objects of others.
func Drives(manager string) bool { return manager == RolloutManager || manager == peerRolloutManager }

// TrackingID returns the value of the tracking annotation of an application's object.
func TrackingID(application string, key manifest.Key) string {
	return application + ":" + key.String()
}

// InstanceLabelValue returns an application's name as the value of a label, which holds at most 63 characters
// (as Argo CD 3.5: util/kube SetAppInstanceLabel).
func InstanceLabelValue(application string) string {
	if len(application) > validation.LabelValueMaxLength {
		application = application[:validation.LabelValueMaxLength]
	}
	return strings.TrimRight(application, "-_.")
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

// KeepOf returns what an object's annotations say of its removal.
func KeepOf(annotations map[string]string) Keep {
	keep := KeepOption(strings.Split(annotations[SyncOptionsAnnotation], ","))
	if annotations[helmPolicyAnnotation] == "keep" {
		keep |= KeepOnPrune | KeepOnDelete | SaysPrune | SaysDelete
	}
	for option := range strings.SplitSeq(annotations[compareAnnotation], ",") {
		if strings.TrimSpace(option) == "IgnoreExtraneous" {
			keep |= Extraneous
		}
	}
	return keep
}

// SilentOf reports whether an object's annotations keep its health out of its application's
// (as Argo CD 3.5: controller/health.go).
func SilentOf(annotations map[string]string) bool { return annotations[silentAnnotation] == "true" }

// KeepOption reads what sync options say of removals.
func KeepOption(options []string) Keep {
	var keep Keep
	for _, option := range options {
		switch option = strings.TrimSpace(option); {
		case option == "PruneLast=true":
			keep |= PruneLast
		case strings.HasPrefix(option, "Prune="):
			keep |= SaysPrune | removal(option, KeepOnPrune, ConfirmPrune)
		case strings.HasPrefix(option, "Delete="):
			keep |= SaysDelete | removal(option, KeepOnDelete, ConfirmDelete)
		}
	}
	return keep
}

func removal(option string, never, confirm Keep) Keep {
	switch _, value, _ := strings.Cut(option, "="); value {
	case "false":
		return never
	case "confirm":
		return confirm
	}
	return 0
}
