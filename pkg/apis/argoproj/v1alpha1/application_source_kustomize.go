// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ApplicationSourceKustomize holds changes that are made to a kustomization before it is built.
type ApplicationSourceKustomize struct {
	// namePrefix is put before every name.
	// +optional
	NamePrefix string `json:"namePrefix,omitempty"`
	// nameSuffix is put after every name.
	// +optional
	NameSuffix string `json:"nameSuffix,omitempty"`
	// images replaces images, in the form of kustomize edit set image.
	// +optional
	// +listType=atomic
	Images KustomizeImages `json:"images,omitzero"`
	// commonLabels are set on every object.
	// +optional
	CommonLabels map[string]string `json:"commonLabels,omitzero"`
	// version names the Kustomize version; Capstan renders with the one it is built with.
	// +optional
	Version string `json:"version,omitempty"`
	// commonAnnotations are set on every object.
	// +optional
	CommonAnnotations map[string]string `json:"commonAnnotations,omitzero"`
	// forceCommonLabels lets commonLabels replace labels of the kustomization.
	// +optional
	ForceCommonLabels *bool `json:"forceCommonLabels,omitempty"`
	// forceCommonAnnotations lets commonAnnotations replace annotations of the kustomization.
	// +optional
	ForceCommonAnnotations *bool `json:"forceCommonAnnotations,omitempty"`
	// namespace is set on every namespaced object.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// commonAnnotationsEnvsubst replaces build variables in the values of commonAnnotations.
	// +optional
	CommonAnnotationsEnvsubst *bool `json:"commonAnnotationsEnvsubst,omitempty"`
	// replicas sets replica counts by name.
	// +optional
	// +listType=atomic
	Replicas KustomizeReplicas `json:"replicas,omitzero"`
	// patches are applied after the kustomization's own.
	// +optional
	// +listType=atomic
	Patches KustomizePatches `json:"patches,omitzero"`
	// components are added to the kustomization's own.
	// +optional
	// +listType=atomic
	Components []string `json:"components,omitzero"`
	// ignoreMissingComponents leaves out components that do not exist.
	// +optional
	IgnoreMissingComponents *bool `json:"ignoreMissingComponents,omitempty"`
	// labelWithoutSelector sets commonLabels without touching selectors.
	// +optional
	LabelWithoutSelector *bool `json:"labelWithoutSelector,omitempty"`
	// kubeVersion is the Kubernetes version that inflated charts see; empty means the destination's.
	// +optional
	KubeVersion string `json:"kubeVersion,omitempty"`
	// apiVersions are the API versions that inflated charts see; absent means the destination's.
	// +optional
	// +listType=atomic
	APIVersions []string `json:"apiVersions,omitzero"`
	// labelIncludeTemplates sets commonLabels on pod templates too where labelWithoutSelector is true.
	// +optional
	LabelIncludeTemplates *bool `json:"labelIncludeTemplates,omitempty"`
}

// KustomizeImage replaces an image: [old=]new[:tag][@digest].
type KustomizeImage string

// KustomizeImages are replacements of images.
type KustomizeImages []KustomizeImage

// KustomizeReplica sets the replica count of objects of one name.
type KustomizeReplica struct {
	// name is the objects' name.
	Name string `json:"name"`
	// count is a number, or a string that holds one.
	Count intstr.IntOrString `json:"count"`
}

// KustomizeReplicas are replica counts by name.
type KustomizeReplicas []KustomizeReplica

// KustomizePatches are patches in order.
type KustomizePatches []KustomizePatch

// KustomizePatch is a patch, in line or in a file, and the objects that it is for.
type KustomizePatch struct {
	// path is a file that holds the patch.
	// +optional
	Path string `json:"path,omitempty"`
	// patch is a strategic merge or JSON patch.
	// +optional
	Patch string `json:"patch,omitempty"`
	// target selects the objects.
	// +optional
	Target *KustomizeSelector `json:"target,omitempty"`
	// options are allowNameChange and allowKindChange.
	// +optional
	Options map[string]bool `json:"options,omitzero"`
}

// KustomizeSelector selects objects; its name parts are anchored regular expressions.
type KustomizeSelector struct {
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// version is the API version.
	// +optional
	Version string `json:"version,omitempty"`
	// kind is the kind.
	// +optional
	Kind string `json:"kind,omitempty"`
	// name is the name.
	// +optional
	Name string `json:"name,omitempty"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// annotationSelector is a label selector over annotations.
	// +optional
	AnnotationSelector string `json:"annotationSelector,omitempty"`
	// labelSelector is a label selector.
	// +optional
	LabelSelector string `json:"labelSelector,omitempty"`
}
