// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ListGenerator gives the parameters in the spec.
type ListGenerator struct {
	// elements are the sets, each an object.
	// +optional
	// +listType=atomic
	Elements []JSON `json:"elements,omitzero"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// elementsYaml is a template that gives a YAML list of further sets.
	// +optional
	ElementsYaml string `json:"elementsYaml,omitempty"`
}

// ClusterGenerator gives one set for each registered cluster.
type ClusterGenerator struct {
	// selector matches labels of the clusters' Secrets; absent and {} mean every cluster, the own one included.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// values are further parameters, as values.KEY; they may use the others.
	// +optional
	Values map[string]string `json:"values,omitzero"`
	// flatList gives one set that lists all clusters.
	// +optional
	FlatList *bool `json:"flatList,omitempty"`
}

// DuckTypeGenerator gives one set for each cluster that an object's status names.
type DuckTypeGenerator struct {
	// configMapRef names the ConfigMap that says which kind and fields to read.
	// +optional
	ConfigMapRef string `json:"configMapRef,omitempty"`
	// name is the name of the one object; it excludes labelSelector.
	// +optional
	Name string `json:"name,omitempty"`
	// requeueAfterSeconds is the time after which the generator runs again, in seconds.
	// +optional
	RequeueAfterSeconds *int64 `json:"requeueAfterSeconds,omitempty"`
	// labelSelector selects the objects.
	// +optional
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// values are further parameters, as values.KEY; they may use the others.
	// +optional
	Values map[string]string `json:"values,omitzero"`
}

// GitGenerator gives one set for each directory or file of a repository.
type GitGenerator struct {
	// repoURL is the URL of the repository.
	// +optional
	RepoURL string `json:"repoURL,omitempty"`
	// directories select directories.
	// +optional
	// +listType=atomic
	Directories []GitDirectoryGeneratorItem `json:"directories,omitzero"`
	// files select JSON and YAML files, whose content becomes parameters.
	// +optional
	// +listType=atomic
	Files []GitFileGeneratorItem `json:"files,omitzero"`
	// revision is a branch, tag or commit.
	// +optional
	Revision string `json:"revision,omitempty"`
	// requeueAfterSeconds is the time after which the generator runs again, in seconds.
	// +optional
	RequeueAfterSeconds *int64 `json:"requeueAfterSeconds,omitempty"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// pathParamPrefix is put before the path parameters.
	// +optional
	PathParamPrefix string `json:"pathParamPrefix,omitempty"`
	// values are further parameters, as values.KEY; they may use the others.
	// +optional
	Values map[string]string `json:"values,omitzero"`
}

// GitDirectoryGeneratorItem selects directories.
type GitDirectoryGeneratorItem struct {
	// path is a glob.
	Path string `json:"path"`
	// exclude leaves the directories out.
	// +optional
	Exclude *bool `json:"exclude,omitempty"`
}

// GitFileGeneratorItem selects files.
type GitFileGeneratorItem struct {
	// path is a glob.
	Path string `json:"path"`
	// exclude leaves the files out.
	// +optional
	Exclude *bool `json:"exclude,omitempty"`
}

// PluginGenerator asks an HTTP service for the sets.
type PluginGenerator struct {
	// configMapRef names the ConfigMap that holds URL and token of the service.
	// +optional
	ConfigMapRef PluginConfigMapRef `json:"configMapRef,omitzero"`
	// input is handed to the service.
	// +optional
	Input *PluginInput `json:"input,omitempty"`
	// requeueAfterSeconds is the time after which the generator runs again, in seconds.
	// +optional
	RequeueAfterSeconds *int64 `json:"requeueAfterSeconds,omitempty"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// values are further parameters, as values.KEY; they may use the others.
	// +optional
	Values map[string]string `json:"values,omitzero"`
}

// PluginConfigMapRef names a ConfigMap of the ApplicationSet's namespace.
type PluginConfigMapRef struct {
	// name is its name.
	// +optional
	Name string `json:"name,omitempty"`
}

// PluginInput is handed to the service.
type PluginInput struct {
	// parameters are any values.
	// +optional
	Parameters PluginParameters `json:"parameters,omitzero"`
}

// SecretRef names a key of a Secret.
type SecretRef struct {
	// secretName is the Secret.
	SecretName string `json:"secretName"`
	// key is the key.
	Key string `json:"key"`
}

// ConfigMapKeyRef names a key of a ConfigMap.
type ConfigMapKeyRef struct {
	// configMapName is the ConfigMap.
	ConfigMapName string `json:"configMapName"`
	// key is the key.
	Key string `json:"key"`
}

// PluginParameters are any values by name.
type PluginParameters map[string]JSON
