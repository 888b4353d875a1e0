// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ApplicationStatus is what Capstan last observed of an Application.
type ApplicationStatus struct {
	// resources are the Application's objects, filled in on reads and bounded in number.
	// +optional
	// +listType=atomic
	Resources []ResourceStatus `json:"resources,omitzero"`
	// sync compares the destination with the source.
	// +optional
	Sync SyncStatus `json:"sync,omitzero"`
	// health is the worst health of the objects.
	// +optional
	Health AppHealthStatus `json:"health,omitzero"`
	// history holds past syncs, the newest last.
	// +optional
	// +listType=atomic
	History RevisionHistories `json:"history,omitzero"`
	// conditions are errors and warnings that hold now.
	// +optional
	// +listType=atomic
	Conditions []ApplicationCondition `json:"conditions,omitzero"`
	// reconciledAt is when the status last changed or an operation last ended.
	// +optional
	ReconciledAt *metav1.Time `json:"reconciledAt,omitempty"`
	// operationState is the operation that runs or ended last.
	// +optional
	OperationState *OperationState `json:"operationState,omitempty"`
	// observedAt is not set by Capstan; it is kept for existing clients.
	// +optional
	ObservedAt *metav1.Time `json:"observedAt,omitempty"`
	// sourceType is the type of the source.
	// +optional
	SourceType ApplicationSourceType `json:"sourceType,omitempty"`
	// summary holds links and images of the objects.
	// +optional
	Summary ApplicationSummary `json:"summary,omitzero"`
	// resourceHealthSource says where the health of objects is found; empty means in resources.
	// +optional
	ResourceHealthSource ResourceHealthLocation `json:"resourceHealthSource,omitempty"`
	// sourceTypes are the types of the sources, in their order.
	// +optional
	// +listType=atomic
	SourceTypes []ApplicationSourceType `json:"sourceTypes,omitzero"`
	// controllerNamespace is the control-plane namespace of who reconciles the Application.
	// +optional
	ControllerNamespace string `json:"controllerNamespace,omitempty"`
	// sourceHydrator is how far a hydration is.
	// +optional
	SourceHydrator SourceHydratorStatus `json:"sourceHydrator,omitzero"`
	// gate is how a gated Application stands, absent where no gate is before the destination.
	// +optional
	Gate *ApplicationGate `json:"gate,omitempty"`
	// editors are those who wrote what a sync carries out of the spec, as authenticated, the last one last. The server
	// alone writes them.
	// +optional
	// +listType=atomic
	Editors []SpecEditor `json:"editors,omitzero"`
}

// SpecEditor is who wrote a spec.
type SpecEditor struct {
	// username is the name.
	// +optional
	Username string `json:"username,omitempty"`
	// uid is the UID, empty where the cluster does not pass it on.
	// +optional
	UID string `json:"uid,omitempty"`
	// at is when they wrote it last.
	At metav1.Time `json:"at"`
}

// ResourceHealthLocation says where the health of an Application's objects is found.
type ResourceHealthLocation string

// SyncStatus compares a destination with a source.
type SyncStatus struct {
	// status is Synced, OutOfSync or Unknown.
	Status SyncStatusCode `json:"status"`
	// comparedTo is what the destination was compared with.
	// +optional
	ComparedTo ComparedTo `json:"comparedTo,omitzero"`
	// revision is the resolved revision of the source.
	// +optional
	Revision string `json:"revision,omitempty"`
	// revisions are the resolved revisions of the sources, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
}

// ComparedTo is the part of a spec that a comparison was made with.
type ComparedTo struct {
	// source is the source.
	// +optional
	Source ApplicationSource `json:"source,omitzero"`
	// destination is the destination.
	// +optional
	Destination ApplicationDestination `json:"destination,omitzero"`
	// sources are the sources.
	// +optional
	// +listType=atomic
	Sources ApplicationSources `json:"sources,omitzero"`
	// ignoreDifferences are the fields that were allowed to differ.
	// +optional
	// +listType=atomic
	IgnoreDifferences IgnoreDifferences `json:"ignoreDifferences,omitzero"`
}

// AppHealthStatus is the health of an Application.
type AppHealthStatus struct {
	// status is Healthy, Suspended, Progressing, Missing, Degraded or Unknown.
	// +optional
	Status HealthStatusCode `json:"status,omitempty"`
	// message says more for people.
	// +optional
	Message string `json:"message,omitempty"`
	// lastTransitionTime is when status last changed.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

// HealthStatus is the health of an object.
type HealthStatus struct {
	// status is Healthy, Suspended, Progressing, Missing, Degraded or Unknown.
	// +optional
	Status HealthStatusCode `json:"status,omitempty"`
	// message says more for people.
	// +optional
	Message string `json:"message,omitempty"`
	// lastTransitionTime is when status last changed.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

// ApplicationCondition is an error or a warning that holds now.
type ApplicationCondition struct {
	// type is the kind of error or warning.
	Type ApplicationConditionType `json:"type"`
	// message says what is wrong and what to do.
	Message string `json:"message"`
	// lastTransitionTime is when the condition appeared.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

// ApplicationSummary holds links and images of an Application's objects.
type ApplicationSummary struct {
	// externalURLs are links to what the objects serve.
	// +optional
	// +listType=atomic
	ExternalURLs []string `json:"externalURLs,omitzero"`
	// images are the images that the objects run.
	// +optional
	// +listType=atomic
	Images []string `json:"images,omitzero"`
	// isAppOfApps says that an Application is among the objects.
	// +optional
	IsAppOfApps bool `json:"isAppOfApps,omitempty"`
}

// ResourceStatus is the sync and health of one object of an Application.
type ResourceStatus struct {
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// version is the API version.
	// +optional
	Version string `json:"version,omitempty"`
	// kind is the kind.
	// +optional
	Kind string `json:"kind,omitempty"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the name.
	// +optional
	Name string `json:"name,omitempty"`
	// status is Synced, OutOfSync or Unknown; empty for a hook.
	// +optional
	Status SyncStatusCode `json:"status,omitempty"`
	// health is the object's health, absent where none can be told.
	// +optional
	Health *HealthStatus `json:"health,omitempty"`
	// hook says that the object is a hook.
	// +optional
	Hook bool `json:"hook,omitempty"`
	// requiresPruning says that the object is no longer in the source.
	// +optional
	RequiresPruning bool `json:"requiresPruning,omitempty"`
	// syncWave is the wave in which the object is synced.
	// +optional
	SyncWave int64 `json:"syncWave,omitempty"`
	// requiresDeletionConfirmation says that the object's deletion waits for a person.
	// +optional
	RequiresDeletionConfirmation bool `json:"requiresDeletionConfirmation,omitempty"`
	// uid is the object's UID in the destination.
	// +optional
	UID string `json:"uid,omitempty"`
	// desired is the digest of the manifest that was applied last.
	// +optional
	Desired string `json:"desired,omitempty"`
	// owned is the digest of the fields that Capstan owns in the live object, and of when it changed them last.
	// +optional
	Owned string `json:"owned,omitempty"`
	// excused is the digest of the rules of ignoreDifferences by which the object counts as Synced
	// although it was not applied as it is.
	// +optional
	Excused string `json:"excused,omitempty"`
}

// RevisionHistories are past syncs, the newest last.
type RevisionHistories []RevisionHistory

// RevisionHistory is one past sync.
type RevisionHistory struct {
	// revision is the resolved revision.
	// +optional
	Revision string `json:"revision,omitempty"`
	// deployedAt is when the sync ended.
	DeployedAt metav1.Time `json:"deployedAt"`
	// id counts the Application's syncs; a rollback names it.
	ID int64 `json:"id"`
	// source is what was synced.
	// +optional
	Source ApplicationSource `json:"source,omitzero"`
	// deployStartedAt is when the sync began.
	// +optional
	DeployStartedAt *metav1.Time `json:"deployStartedAt,omitempty"`
	// sources are what was synced.
	// +optional
	// +listType=atomic
	Sources ApplicationSources `json:"sources,omitzero"`
	// revisions are the resolved revisions of sources, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// initiatedBy is who asked for the sync.
	// +optional
	InitiatedBy OperationInitiator `json:"initiatedBy,omitzero"`
}
