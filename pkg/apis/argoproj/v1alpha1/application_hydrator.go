// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SourceHydrator renders a dry source into a branch, and syncs from a branch.
type SourceHydrator struct {
	// drySource is what is rendered.
	// +optional
	DrySource DrySource `json:"drySource,omitzero"`
	// syncSource is the branch that is synced.
	// +optional
	SyncSource SyncSource `json:"syncSource,omitzero"`
	// hydrateTo is the branch that rendered manifests are pushed to; absent means syncSource's.
	// +optional
	HydrateTo *HydrateTo `json:"hydrateTo,omitempty"`
}

// DrySource names a revision of a repository and says how manifests are made from it.
type DrySource struct {
	// repoURL is the URL of the Git repository.
	// +optional
	RepoURL string `json:"repoURL,omitempty"`
	// targetRevision is a branch, tag or commit.
	// +optional
	TargetRevision string `json:"targetRevision,omitempty"`
	// path is the directory that is rendered.
	// +optional
	Path string `json:"path,omitempty"`
	// helm holds options of Helm sources.
	// +optional
	Helm *ApplicationSourceHelm `json:"helm,omitempty"`
	// kustomize holds options of Kustomize sources.
	// +optional
	Kustomize *ApplicationSourceKustomize `json:"kustomize,omitempty"`
	// directory holds options of sources of plain manifests.
	// +optional
	Directory *ApplicationSourceDirectory `json:"directory,omitempty"`
	// plugin holds options of sources that a plugin renders.
	// +optional
	Plugin *ApplicationSourcePlugin `json:"plugin,omitempty"`
}

// SyncSource is a directory of a branch that holds rendered manifests.
type SyncSource struct {
	// targetBranch is the branch.
	// +optional
	TargetBranch string `json:"targetBranch,omitempty"`
	// path is the directory; it is not the root of the repository.
	// +optional
	Path string `json:"path,omitempty"`
	// repoURL is the repository; empty means drySource's.
	// +optional
	RepoURL string `json:"repoURL,omitempty"`
}

// HydrateTo is a branch that rendered manifests are pushed to.
type HydrateTo struct {
	// targetBranch is the branch.
	// +optional
	TargetBranch string `json:"targetBranch,omitempty"`
}

// SourceHydratorStatus is how far a hydration is.
type SourceHydratorStatus struct {
	// lastSuccessfulOperation is the last hydration that ended well.
	// +optional
	LastSuccessfulOperation *SuccessfulHydrateOperation `json:"lastSuccessfulOperation,omitempty"`
	// currentOperation is the newest hydration.
	// +optional
	CurrentOperation *HydrateOperation `json:"currentOperation,omitempty"`
	// lastComparedDryRevision is the newest dry commit that was looked at.
	// +optional
	LastComparedDryRevision string `json:"lastComparedDryRevision,omitempty"`
}

// HydrateOperation is one hydration.
type HydrateOperation struct {
	// startedAt is when it began.
	// +optional
	StartedAt metav1.Time `json:"startedAt,omitzero"`
	// finishedAt is when it ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// phase is Hydrating, Failed or Hydrated.
	Phase HydrateOperationPhase `json:"phase"`
	// message says more for people.
	Message string `json:"message"`
	// drySHA is the dry commit.
	// +optional
	DrySHA string `json:"drySHA,omitempty"`
	// hydratedSHA is the commit that was pushed.
	// +optional
	HydratedSHA string `json:"hydratedSHA,omitempty"`
	// sourceHydrator is the configuration at the time.
	// +optional
	SourceHydrator SourceHydrator `json:"sourceHydrator,omitzero"`
}

// SuccessfulHydrateOperation is a hydration that ended well.
type SuccessfulHydrateOperation struct {
	// drySHA is the dry commit.
	// +optional
	DrySHA string `json:"drySHA,omitempty"`
	// hydratedSHA is the commit that was pushed.
	// +optional
	HydratedSHA string `json:"hydratedSHA,omitempty"`
	// sourceHydrator is the configuration at the time.
	// +optional
	SourceHydrator SourceHydrator `json:"sourceHydrator,omitzero"`
}
