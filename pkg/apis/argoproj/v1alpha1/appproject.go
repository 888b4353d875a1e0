// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AppProject says what the Applications of a project may deploy, from where, and to where.
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type AppProject struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec holds the rules.
	// +optional
	Spec AppProjectSpec `json:"spec,omitzero"`
	// status holds what is known of issued tokens.
	// +optional
	Status AppProjectStatus `json:"status,omitzero"`
}

// AppProjectList is a list of AppProjects.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type AppProjectList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the AppProjects.
	Items []AppProject `json:"items"`
}

// AppProjectSpec holds the rules of a project; globs that begin with ! deny.
type AppProjectSpec struct {
	// sourceRepos are globs of the repositories that manifests may come from.
	// +optional
	// +listType=atomic
	SourceRepos []string `json:"sourceRepos,omitzero"`
	// destinations are globs of the clusters and namespaces that objects may go to.
	// +optional
	// +listType=atomic
	Destinations []ApplicationDestination `json:"destinations,omitzero"`
	// description says what the project is for.
	// +optional
	// +k8s:maxLength=255
	Description string `json:"description,omitempty"`
	// roles are named sets of rights on the project's Applications.
	// +optional
	// +listType=atomic
	Roles []ProjectRole `json:"roles,omitzero"`
	// clusterResourceWhitelist are the only cluster-scoped objects that may be deployed; absent means none.
	// +optional
	// +listType=atomic
	ClusterResourceWhitelist []ClusterResourceRestrictionItem `json:"clusterResourceWhitelist,omitzero"`
	// namespaceResourceBlacklist are namespaced kinds that may not be deployed.
	// +optional
	// +listType=atomic
	NamespaceResourceBlacklist []metav1.GroupKind `json:"namespaceResourceBlacklist,omitzero"`
	// orphanedResources, where present, looks for objects that belong to no Application.
	// +optional
	OrphanedResources *OrphanedResourcesMonitorSettings `json:"orphanedResources,omitempty"`
	// syncWindows are times at which syncs are allowed or denied.
	// +optional
	// +listType=atomic
	SyncWindows SyncWindows `json:"syncWindows,omitzero"`
	// namespaceResourceWhitelist are the only namespaced kinds that may be deployed; absent means all.
	// +optional
	// +listType=atomic
	NamespaceResourceWhitelist []metav1.GroupKind `json:"namespaceResourceWhitelist,omitzero"`
	// signatureKeys are keys that commits must be signed with; sourceIntegrity takes its place.
	// +optional
	// +listType=atomic
	SignatureKeys []SignatureKey `json:"signatureKeys,omitzero"`
	// clusterResourceBlacklist are cluster-scoped objects that may not be deployed.
	// +optional
	// +listType=atomic
	ClusterResourceBlacklist []ClusterResourceRestrictionItem `json:"clusterResourceBlacklist,omitzero"`
	// sourceNamespaces are globs of the namespaces in which the project's Applications may live.
	// +optional
	// +listType=atomic
	SourceNamespaces []string `json:"sourceNamespaces,omitzero"`
	// permitOnlyProjectScopedClusters allows no clusters but those registered for this project.
	// +optional
	PermitOnlyProjectScopedClusters *bool `json:"permitOnlyProjectScopedClusters,omitempty"`
	// destinationServiceAccounts are the service accounts as which syncs write.
	// +optional
	// +listType=atomic
	DestinationServiceAccounts []ApplicationDestinationServiceAccount `json:"destinationServiceAccounts,omitzero"`
	// sourceIntegrity holds rules on signatures of sources.
	// +optional
	SourceIntegrity *SourceIntegrity `json:"sourceIntegrity,omitempty"`
}

// ClusterResourceRestrictionItem selects cluster-scoped objects.
type ClusterResourceRestrictionItem struct {
	// group is the API group or a glob of it.
	Group string `json:"group"`
	// kind is the kind or a glob of it.
	Kind string `json:"kind"`
	// name is the name or a glob of it; absent or empty means all.
	// +optional
	Name *string `json:"name,omitempty"`
}

// OrphanedResourcesMonitorSettings says how objects are reported that belong to no Application.
type OrphanedResourcesMonitorSettings struct {
	// warn makes a condition of them.
	// +optional
	Warn *bool `json:"warn,omitempty"`
	// ignore are objects that are not reported.
	// +optional
	// +listType=atomic
	Ignore []OrphanedResourceKey `json:"ignore,omitzero"`
}

// OrphanedResourceKey selects objects by globs.
type OrphanedResourceKey struct {
	// group is a glob of the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// kind is a glob of the kind.
	// +optional
	Kind string `json:"kind,omitempty"`
	// name is a glob of the name.
	// +optional
	Name string `json:"name,omitempty"`
}

// ApplicationDestinationServiceAccount is the service account as which syncs to a destination write.
type ApplicationDestinationServiceAccount struct {
	// server is a glob of the cluster's server.
	Server string `json:"server"`
	// namespace is a glob of the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// defaultServiceAccount is the account, as [namespace:]name.
	DefaultServiceAccount string `json:"defaultServiceAccount"`
}

// AppProjectStatus holds what is known of a project's issued tokens.
type AppProjectStatus struct {
	// jwtTokensByRole are the tokens of each role.
	// +optional
	JWTTokensByRole map[string]JWTTokens `json:"jwtTokensByRole,omitzero"`
}
