// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ApplicationSource names a revision of a repository and says how manifests are made from it.
type ApplicationSource struct {
	// repoURL is the URL of the Git, Helm or OCI repository.
	// +optional
	RepoURL string `json:"repoURL,omitempty"`
	// path is the directory in the repository that is rendered.
	// +optional
	Path string `json:"path,omitempty"`
	// targetRevision is a branch, tag, commit, or range of versions; empty means HEAD.
	// +optional
	TargetRevision string `json:"targetRevision,omitempty"`
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
	// chart is the name of a chart in a Helm repository.
	// +optional
	Chart string `json:"chart,omitempty"`
	// ref is the name by which other sources of the Application refer to files of this one.
	// +optional
	Ref string `json:"ref,omitempty"`
	// name is the name of this source for people.
	// +optional
	Name string `json:"name,omitempty"`
	// tagPrefix is cut from tags, and tags without it are ignored, before versions are compared.
	// +optional
	TagPrefix string `json:"tagPrefix,omitempty"`
}

// ApplicationSources are the sources of one Application, in order.
type ApplicationSources []ApplicationSource

// EnvEntry is one environment variable.
type EnvEntry struct {
	// name is the variable's name.
	Name string `json:"name"`
	// value is the variable's value.
	Value string `json:"value"`
}

// Env is a list of environment variables.
type Env []EnvEntry

// JsonnetVar is a variable that is handed to Jsonnet.
type JsonnetVar struct {
	// name is the variable's name.
	Name string `json:"name"`
	// value is a string, or Jsonnet where code is true.
	Value string `json:"value"`
	// code says that value is evaluated.
	// +optional
	Code *bool `json:"code,omitempty"`
}

// ApplicationSourceJsonnet holds options of Jsonnet files.
type ApplicationSourceJsonnet struct {
	// extVars are external variables.
	// +optional
	// +listType=atomic
	ExtVars []JsonnetVar `json:"extVars,omitzero"`
	// tlas are top-level arguments.
	// +optional
	// +listType=atomic
	TLAs []JsonnetVar `json:"tlas,omitzero"`
	// libs are directories of the repository that imports are looked up in.
	// +optional
	// +listType=atomic
	Libs []string `json:"libs,omitzero"`
}

// ApplicationSourceDirectory holds options of plain manifests.
type ApplicationSourceDirectory struct {
	// recurse reads subdirectories too.
	// +optional
	Recurse *bool `json:"recurse,omitempty"`
	// jsonnet holds options of the Jsonnet files among the manifests.
	// +optional
	Jsonnet *ApplicationSourceJsonnet `json:"jsonnet,omitempty"`
	// exclude is a glob of paths that are left out.
	// +optional
	Exclude string `json:"exclude,omitempty"`
	// include is a glob of the only paths that are read.
	// +optional
	Include string `json:"include,omitempty"`
}

// ApplicationSourcePlugin holds options of a config management plugin.
type ApplicationSourcePlugin struct {
	// name is the plugin's name; empty lets the plugins discover the source.
	// +optional
	Name string `json:"name,omitempty"`
	// env are environment variables of the plugin.
	// +optional
	// +listType=atomic
	Env Env `json:"env,omitzero"`
	// parameters are parameters of the plugin.
	// +optional
	// +listType=atomic
	Parameters ApplicationSourcePluginParameters `json:"parameters,omitzero"`
}

// ApplicationSourcePluginParameters are the parameters of a plugin.
type ApplicationSourcePluginParameters []ApplicationSourcePluginParameter

// ApplicationSourcePluginParameter is a named string, map or array.
type ApplicationSourcePluginParameter struct {
	// name is the parameter's name.
	// +optional
	Name string `json:"name,omitempty"`
	// string is the value of a parameter that is a string.
	// +optional
	String *string `json:"string,omitempty"`
	// map is the value of a parameter that is a map.
	// +optional
	Map map[string]string `json:"map,omitzero"`
	// array is the value of a parameter that is an array.
	// +optional
	// +listType=atomic
	Array []string `json:"array,omitzero"`
}
