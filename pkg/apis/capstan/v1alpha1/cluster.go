// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Cluster is a destination; its labels are those that ApplicationSets select clusters by.
// +genclient
// +genclient:nonNamespaced
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type Cluster struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec says how the cluster is reached.
	// +optional
	Spec ClusterSpec `json:"spec,omitzero"`
	// status is what the cluster last answered.
	// +optional
	Status ClusterStatus `json:"status,omitzero"`
}

// ClusterList is a list of Clusters.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ClusterList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the Clusters.
	Items []Cluster `json:"items"`
}

// ClusterSpec says how a cluster is reached.
type ClusterSpec struct {
	// server is the URL of the cluster's API server.
	// +optional
	Server string `json:"server,omitempty"`
	// credentialsSecret is the Secret, in Argo CD's layout, that holds the credentials;
	// absent means Capstan's own identity.
	// +optional
	CredentialsSecret *SecretReference `json:"credentialsSecret,omitempty"`
	// tier is how careful one has to be, such as production; empty means unknown.
	// +optional
	Tier string `json:"tier,omitempty"`
}

// SecretReference names a Secret.
type SecretReference struct {
	// namespace is the Secret's namespace.
	Namespace string `json:"namespace"`
	// name is the Secret's name.
	Name string `json:"name"`
}

// ClusterStatus is what a cluster last answered; it changes only with the answer.
type ClusterStatus struct {
	// uid is the UID of the cluster's kube-system namespace, which is the cluster's identity.
	// +optional
	UID types.UID `json:"uid,omitempty"`
	// version is the cluster's Kubernetes version.
	// +optional
	Version string `json:"version,omitempty"`
	// connection says whether the cluster answers.
	// +optional
	Connection ClusterConnection `json:"connection,omitzero"`
	// conditions are the latest observations.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitzero"`
}

// ClusterConnection says whether a cluster answers.
type ClusterConnection struct {
	// state is Connected, Failed or Unknown.
	// +optional
	State ConnectionState `json:"state,omitempty"`
	// message says why a cluster does not answer, and what to do.
	// +optional
	Message string `json:"message,omitempty"`
}

// ConnectionState says whether a cluster answers.
type ConnectionState string

// The connection states.
const (
	ConnectionConnected ConnectionState = "Connected"
	ConnectionFailed    ConnectionState = "Failed"
	ConnectionUnknown   ConnectionState = "Unknown"
)
