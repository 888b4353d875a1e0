// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ApplicationSetTemplate is what an Application is made from; every string in it may be a template.
// Every part may be left out: a generator's template overrides only what it names.
type ApplicationSetTemplate struct {
	// metadata is the metadata of the Application.
	// +optional
	Metadata *ApplicationSetTemplateMeta `json:"metadata,omitempty"`
	// spec is the spec of the Application.
	// +optional
	Spec *ApplicationSetTemplateSpec `json:"spec,omitempty"`
}

// ApplicationSetTemplateMeta is the metadata of a templated Application.
type ApplicationSetTemplateMeta struct {
	// name is the Application's name.
	// +optional
	Name string `json:"name,omitempty"`
	// namespace is the Application's namespace; it must be the ApplicationSet's where that is restricted.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// labels are set on the Application.
	// +optional
	Labels map[string]string `json:"labels,omitzero"`
	// annotations are set on the Application.
	// +optional
	Annotations map[string]string `json:"annotations,omitzero"`
	// finalizers are set on the Application; absent means that deletion removes its objects.
	// +optional
	// +listType=atomic
	Finalizers []string `json:"finalizers,omitzero"`
}

// ApplicationSetTemplateSpec has the fields of ApplicationSpec, and tells one that is left out from one
// that is empty.
type ApplicationSetTemplateSpec struct {
	// source is where the manifests come from; sources wins where both are set.
	// +optional
	Source *ApplicationSource `json:"source,omitempty"`
	// destination is the cluster and namespace that the objects go to.
	// +optional
	Destination *ApplicationDestination `json:"destination,omitempty"`
	// project is the name of the AppProject whose rules apply; empty means "default".
	// +optional
	Project *string `json:"project,omitempty"`
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
