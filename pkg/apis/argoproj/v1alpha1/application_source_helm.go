// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ApplicationSourceHelm holds options of Helm.
type ApplicationSourceHelm struct {
	// valueFiles are paths or globs of values files, the last one winning.
	// +optional
	// +listType=atomic
	ValueFiles []string `json:"valueFiles,omitzero"`
	// parameters are single values, as helm's --set.
	// +optional
	// +listType=atomic
	Parameters []HelmParameter `json:"parameters,omitzero"`
	// releaseName is the name of the release; empty means the Application's name.
	// +optional
	ReleaseName string `json:"releaseName,omitempty"`
	// values are values as YAML text; valuesObject wins where both are set.
	// +optional
	Values string `json:"values,omitempty"`
	// fileParameters are single values that are read from files, as helm's --set-file.
	// +optional
	// +listType=atomic
	FileParameters []HelmFileParameter `json:"fileParameters,omitzero"`
	// version is the major version of Helm; only v3 templates are rendered.
	// +optional
	Version string `json:"version,omitempty"`
	// passCredentials hands the repository's credentials to every host that charts come from.
	// +optional
	PassCredentials *bool `json:"passCredentials,omitempty"`
	// ignoreMissingValueFiles leaves out values files that do not exist.
	// +optional
	IgnoreMissingValueFiles *bool `json:"ignoreMissingValueFiles,omitempty"`
	// skipCrds leaves out the chart's crds directory.
	// +optional
	SkipCrds *bool `json:"skipCrds,omitempty"`
	// valuesObject are values as a map.
	// +optional
	ValuesObject *JSON `json:"valuesObject,omitempty"`
	// namespace is the release's namespace; empty means the destination's.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// kubeVersion is the Kubernetes version that templates see; empty means the destination's.
	// +optional
	KubeVersion string `json:"kubeVersion,omitempty"`
	// apiVersions are the API versions that templates see; absent means the destination's.
	// +optional
	// +listType=atomic
	APIVersions []string `json:"apiVersions,omitzero"`
	// skipTests leaves out test hooks.
	// +optional
	SkipTests *bool `json:"skipTests,omitempty"`
	// skipSchemaValidation skips the check of values against the chart's JSON schema.
	// +optional
	SkipSchemaValidation *bool `json:"skipSchemaValidation,omitempty"`
}

// HelmParameter is one value, as helm's --set.
type HelmParameter struct {
	// name is the path of the value.
	// +optional
	Name string `json:"name,omitempty"`
	// value is the value.
	// +optional
	Value string `json:"value,omitempty"`
	// forceString keeps the value a string where it looks like a number or a boolean.
	// +optional
	ForceString *bool `json:"forceString,omitempty"`
}

// HelmFileParameter is one value that is read from a file, as helm's --set-file.
type HelmFileParameter struct {
	// name is the path of the value.
	// +optional
	Name string `json:"name,omitempty"`
	// path is the file.
	// +optional
	Path string `json:"path,omitempty"`
}
