// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ApplicationSetGenerator makes sets of parameters; one of its generators is set.
type ApplicationSetGenerator struct {
	// list gives the parameters in the spec.
	// +optional
	List *ListGenerator `json:"list,omitempty"`
	// clusters gives one set for each registered cluster.
	// +optional
	Clusters *ClusterGenerator `json:"clusters,omitempty"`
	// git gives one set for each directory or file of a repository.
	// +optional
	Git *GitGenerator `json:"git,omitempty"`
	// scmProvider gives one set for each repository of an organization.
	// +optional
	SCMProvider *SCMProviderGenerator `json:"scmProvider,omitempty"`
	// clusterDecisionResource gives one set for each cluster that an object's status names.
	// +optional
	ClusterDecisionResource *DuckTypeGenerator `json:"clusterDecisionResource,omitempty"`
	// pullRequest gives one set for each open pull request.
	// +optional
	PullRequest *PullRequestGenerator `json:"pullRequest,omitempty"`
	// matrix combines every set of one generator with every set of another.
	// +optional
	Matrix *MatrixGenerator `json:"matrix,omitempty"`
	// merge joins the sets of several generators by keys.
	// +optional
	Merge *MergeGenerator `json:"merge,omitempty"`
	// selector keeps the parameter sets that it matches.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// plugin asks an HTTP service for the sets.
	// +optional
	Plugin *PluginGenerator `json:"plugin,omitempty"`
}

// ApplicationSetNestedGenerator is a generator in a matrix or merge; one of its generators is set.
type ApplicationSetNestedGenerator struct {
	// list gives the parameters in the spec.
	// +optional
	List *ListGenerator `json:"list,omitempty"`
	// clusters gives one set for each registered cluster.
	// +optional
	Clusters *ClusterGenerator `json:"clusters,omitempty"`
	// git gives one set for each directory or file of a repository.
	// +optional
	Git *GitGenerator `json:"git,omitempty"`
	// scmProvider gives one set for each repository of an organization.
	// +optional
	SCMProvider *SCMProviderGenerator `json:"scmProvider,omitempty"`
	// clusterDecisionResource gives one set for each cluster that an object's status names.
	// +optional
	ClusterDecisionResource *DuckTypeGenerator `json:"clusterDecisionResource,omitempty"`
	// pullRequest gives one set for each open pull request.
	// +optional
	PullRequest *PullRequestGenerator `json:"pullRequest,omitempty"`
	// matrix combines every set of one generator with every set of another. It holds a NestedMatrixGenerator.
	// +optional
	Matrix *JSON `json:"matrix,omitempty"`
	// merge joins the sets of several generators by keys. It holds a NestedMergeGenerator.
	// +optional
	Merge *JSON `json:"merge,omitempty"`
	// selector keeps the parameter sets that it matches.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// plugin asks an HTTP service for the sets.
	// +optional
	Plugin *PluginGenerator `json:"plugin,omitempty"`
}

// ApplicationSetTerminalGenerator is a generator in a nested matrix or merge; one of its generators is set.
type ApplicationSetTerminalGenerator struct {
	// list gives the parameters in the spec.
	// +optional
	List *ListGenerator `json:"list,omitempty"`
	// clusters gives one set for each registered cluster.
	// +optional
	Clusters *ClusterGenerator `json:"clusters,omitempty"`
	// git gives one set for each directory or file of a repository.
	// +optional
	Git *GitGenerator `json:"git,omitempty"`
	// scmProvider gives one set for each repository of an organization.
	// +optional
	SCMProvider *SCMProviderGenerator `json:"scmProvider,omitempty"`
	// clusterDecisionResource gives one set for each cluster that an object's status names.
	// +optional
	ClusterDecisionResource *DuckTypeGenerator `json:"clusterDecisionResource,omitempty"`
	// pullRequest gives one set for each open pull request.
	// +optional
	PullRequest *PullRequestGenerator `json:"pullRequest,omitempty"`
	// selector keeps the parameter sets that it matches.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// plugin asks an HTTP service for the sets.
	// +optional
	Plugin *PluginGenerator `json:"plugin,omitempty"`
}

// MatrixGenerator combines every set of one generator with every set of another.
type MatrixGenerator struct {
	// generators are the generators that are combined.
	// +optional
	// +listType=atomic
	Generators []ApplicationSetNestedGenerator `json:"generators,omitzero"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
}

// NestedMatrixGenerator is a matrix in a matrix or merge.
type NestedMatrixGenerator struct {
	// generators are the generators that are combined.
	// +optional
	// +listType=atomic
	Generators []ApplicationSetTerminalGenerator `json:"generators,omitzero"`
}

// MergeGenerator joins the sets of several generators by keys; a later generator wins.
type MergeGenerator struct {
	// generators are the generators that are combined.
	// +optional
	// +listType=atomic
	Generators []ApplicationSetNestedGenerator `json:"generators,omitzero"`
	// mergeKeys are the parameters whose values must be equal for sets to be joined.
	// +optional
	// +listType=atomic
	MergeKeys []string `json:"mergeKeys,omitzero"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
}

// NestedMergeGenerator is a merge in a matrix or merge.
type NestedMergeGenerator struct {
	// generators are the generators that are combined.
	// +optional
	// +listType=atomic
	Generators []ApplicationSetTerminalGenerator `json:"generators,omitzero"`
	// mergeKeys are the parameters whose values must be equal for sets to be joined.
	// +optional
	// +listType=atomic
	MergeKeys []string `json:"mergeKeys,omitzero"`
}
