// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Application is a set of objects, described in Git or a chart, that is kept in one destination.
// +genclient
// +genclient:method=Sync,verb=create,subresource=sync,input=ApplicationSync,result=Application
// +genclient:method=Rollback,verb=create,subresource=rollback,input=ApplicationRollback,result=Application
// +genclient:method=Refresh,verb=create,subresource=refresh,input=ApplicationRefresh,result=Application
// +genclient:method=MakePlan,verb=create,subresource=plan,input=ApplicationPlan,result=ApplicationPlan
// +genclient:method=Approve,verb=create,subresource=approve,input=ApplicationApproval,result=ApplicationApproval
// +genclient:method=Reject,verb=create,subresource=reject,input=ApplicationApproval,result=ApplicationApproval
// +genclient:method=BreakGlass,verb=create,subresource=breakglass,input=ApplicationApproval,result=ApplicationApproval
// +genclient:method=Terminate,verb=create,subresource=terminate,input=ApplicationTerminate,result=Application
// +genclient:method=GetManifests,verb=get,subresource=manifests,result=ApplicationManifests
// +genclient:method=GetDiff,verb=get,subresource=diff,result=ApplicationDiff
// +genclient:method=GetResources,verb=get,subresource=resources,result=ApplicationResources
// +genclient:method=GetTree,verb=get,subresource=tree,result=ApplicationTree
// +genclient:method=GetEvents,verb=get,subresource=events,result=ApplicationEvents
// +genclient:method=RunAction,verb=create,subresource=action,input=ApplicationAction,result=ApplicationAction
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type Application struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec says what to deploy, where, and how to keep it so.
	// +optional
	Spec ApplicationSpec `json:"spec,omitzero"`
	// status is what Capstan last observed; clients cannot write it through the main resource.
	// +optional
	Status ApplicationStatus `json:"status,omitzero"`
	// operation is the sync that was asked for and has not ended; setting it starts one.
	// +optional
	Operation *Operation `json:"operation,omitempty"`
}

// ApplicationList is a list of Applications.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the Applications.
	Items []Application `json:"items"`
}

// ApplicationSpec is the desired state of an Application.
type ApplicationSpec struct {
	// source is where the manifests come from; sources wins where both are set.
	// +optional
	Source *ApplicationSource `json:"source,omitempty"`
	// destination is the cluster and namespace that the objects go to.
	// +optional
	Destination ApplicationDestination `json:"destination,omitzero"`
	// project is the name of the AppProject whose rules apply; empty means "default".
	// +optional
	Project string `json:"project,omitempty"`
	// syncPolicy says when and how the destination is brought to the desired state.
	// +optional
	SyncPolicy *SyncPolicy `json:"syncPolicy,omitempty"`
	// ignoreDifferences names the fields of objects that may differ without counting as drift.
	// +optional
	// +listType=atomic
	IgnoreDifferences IgnoreDifferences `json:"ignoreDifferences,omitzero"`
	// info holds names and values for people: links, contacts, notes.
	// +optional
	// +listType=atomic
	Info []Info `json:"info,omitzero"`
	// revisionHistoryLimit is how many past syncs status.history keeps; absent means 10, 0 keeps none.
	// +optional
	RevisionHistoryLimit *int64 `json:"revisionHistoryLimit,omitempty"`
	// sources are several places that the manifests come from, merged in order; it wins over source.
	// +optional
	// +listType=atomic
	Sources ApplicationSources `json:"sources,omitzero"`
	// sourceHydrator renders a dry source into a branch that is then synced; it wins over source and sources.
	// +optional
	SourceHydrator *SourceHydrator `json:"sourceHydrator,omitempty"`
}

// ApplicationDestination names a cluster, by its server or by its name, and a namespace in it.
type ApplicationDestination struct {
	// server is the URL of the cluster's API server; it excludes name.
	// +optional
	Server string `json:"server,omitempty"`
	// namespace is where objects go that are namespaced and name no namespace themselves.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the name under which the cluster is registered; it excludes server.
	// +optional
	Name string `json:"name,omitempty"`
}

// IgnoreDifferences is a list of fields that may differ without counting as drift.
type IgnoreDifferences []ResourceIgnoreDifferences

// ResourceIgnoreDifferences selects objects, and in them the fields that may differ.
type ResourceIgnoreDifferences struct {
	// group is the API group of the objects, "*" for any.
	// +optional
	Group string `json:"group,omitempty"`
	// kind is the kind of the objects, "*" for any.
	Kind string `json:"kind"`
	// name is the name of the one object that is meant; empty means all.
	// +optional
	Name string `json:"name,omitempty"`
	// namespace is the namespace of the objects; empty means all.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// jsonPointers are RFC 6901 paths of the fields.
	// +optional
	// +listType=atomic
	JSONPointers []string `json:"jsonPointers,omitzero"`
	// jqPathExpressions are jq paths of the fields.
	// +optional
	// +listType=atomic
	JQPathExpressions []string `json:"jqPathExpressions,omitzero"`
	// managedFieldsManagers are field managers whose fields may differ.
	// +optional
	// +listType=atomic
	ManagedFieldsManagers []string `json:"managedFieldsManagers,omitzero"`
}

// Info is a name and a value for people.
type Info struct {
	// name says what the value is.
	Name string `json:"name"`
	// value is a link, an address or plain text.
	Value string `json:"value"`
}
