// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Operation is a request for a sync.
type Operation struct {
	// sync is what to sync, and how.
	// +optional
	Sync *SyncOperation `json:"sync,omitempty"`
	// initiatedBy is who asked; the server fills it in from the request's identity.
	// +optional
	InitiatedBy OperationInitiator `json:"initiatedBy,omitzero"`
	// info holds names and values for people.
	// +optional
	// +listType=atomic
	Info []Info `json:"info,omitzero"`
	// retry says how a failure is tried again.
	// +optional
	Retry RetryStrategy `json:"retry,omitzero"`
}

// OperationInitiator is who asked for an operation.
type OperationInitiator struct {
	// username is the authenticated name.
	// +optional
	Username string `json:"username,omitempty"`
	// automated says that no person asked.
	// +optional
	Automated bool `json:"automated,omitempty"`
}

// SyncOperation is what to sync, and how.
type SyncOperation struct {
	// revision is synced in place of the source's targetRevision.
	// +optional
	Revision string `json:"revision,omitempty"`
	// prune deletes objects that are no longer in the source.
	// +optional
	Prune bool `json:"prune,omitempty"`
	// dryRun goes through the sync and changes nothing.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
	// syncStrategy says how objects are written.
	// +optional
	SyncStrategy *SyncStrategy `json:"syncStrategy,omitempty"`
	// resources are the only objects that are synced; absent means all.
	// +optional
	// +listType=atomic
	Resources []SyncOperationResource `json:"resources,omitzero"`
	// source is synced in place of the Application's.
	// +optional
	Source *ApplicationSource `json:"source,omitempty"`
	// manifests are synced in place of what the source renders.
	// +optional
	// +listType=atomic
	Manifests []string `json:"manifests,omitzero"`
	// syncOptions replace those of the sync policy.
	// +optional
	// +listType=atomic
	SyncOptions SyncOptions `json:"syncOptions,omitzero"`
	// sources are synced in place of the Application's.
	// +optional
	// +listType=atomic
	Sources ApplicationSources `json:"sources,omitzero"`
	// revisions are synced in place of the sources' targetRevisions, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// autoHealAttemptsCount is how often self-healing tried before.
	// +optional
	SelfHealAttemptsCount int64 `json:"autoHealAttemptsCount,omitempty"`
}

// SyncOperationResource names one object of an Application.
type SyncOperationResource struct {
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// kind is the kind.
	Kind string `json:"kind"`
	// name is the name.
	Name string `json:"name"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// SyncStrategy says how objects are written: by apply alone, or with hooks.
type SyncStrategy struct {
	// apply writes objects and runs no hooks.
	// +optional
	Apply *SyncStrategyApply `json:"apply,omitempty"`
	// hook runs hooks around the writes.
	// +optional
	Hook *SyncStrategyHook `json:"hook,omitempty"`
}

// SyncStrategyApply holds options of writing objects.
type SyncStrategyApply struct {
	// force deletes and creates an object anew where it cannot be changed.
	// +optional
	Force bool `json:"force,omitempty"`
}

// SyncStrategyHook holds options of a sync with hooks.
type SyncStrategyHook struct {
	SyncStrategyApply `json:""`
}

// OperationState is how far an operation is, or how it ended.
type OperationState struct {
	// operation is what was asked for.
	Operation Operation `json:"operation"`
	// phase is Running, Terminating, Succeeded, Failed or Error.
	Phase OperationPhase `json:"phase"`
	// message says more for people.
	// +optional
	Message string `json:"message,omitempty"`
	// syncResult is what was done.
	// +optional
	SyncResult *SyncOperationResult `json:"syncResult,omitempty"`
	// startedAt is when it began.
	StartedAt metav1.Time `json:"startedAt"`
	// finishedAt is when it ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// retryCount is how often it was tried again.
	// +optional
	RetryCount int64 `json:"retryCount,omitempty"`
}

// SyncOperationResult is what a sync did.
type SyncOperationResult struct {
	// resources are the results by object.
	// +optional
	// +listType=atomic
	Resources ResourceResults `json:"resources,omitzero"`
	// revision is the resolved revision.
	Revision string `json:"revision"`
	// source is what was synced.
	// +optional
	Source ApplicationSource `json:"source,omitzero"`
	// sources are what was synced.
	// +optional
	// +listType=atomic
	Sources ApplicationSources `json:"sources,omitzero"`
	// revisions are the resolved revisions of sources, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// managedNamespaceMetadata is what was set on the namespace.
	// +optional
	ManagedNamespaceMetadata *ManagedNamespaceMetadata `json:"managedNamespaceMetadata,omitempty"`
}

// ResourceResults are the results of a sync by object.
type ResourceResults []ResourceResult

// ResourceResult is what a sync did to one object.
type ResourceResult struct {
	// group is the API group.
	Group string `json:"group"`
	// version is the API version.
	Version string `json:"version"`
	// kind is the kind.
	Kind string `json:"kind"`
	// namespace is the namespace.
	Namespace string `json:"namespace"`
	// name is the name.
	Name string `json:"name"`
	// status is Synced, SyncFailed, Pruned or PruneSkipped.
	// +optional
	Status ResultCode `json:"status,omitempty"`
	// message says more for people.
	// +optional
	Message string `json:"message,omitempty"`
	// hookType is the type of a hook, empty for other objects.
	// +optional
	HookType HookType `json:"hookType,omitempty"`
	// hookPhase is how far a hook is.
	// +optional
	HookPhase OperationPhase `json:"hookPhase,omitempty"`
	// syncPhase is the phase of the sync that the object belongs to.
	// +optional
	SyncPhase SyncPhase `json:"syncPhase,omitempty"`
	// images are the images that the object runs.
	// +optional
	// +listType=atomic
	Images []string `json:"images,omitzero"`
}
