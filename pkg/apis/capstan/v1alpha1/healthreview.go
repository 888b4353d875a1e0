// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// HealthReview asks how an object would be rated. It is answered at once, and never stored.
// +genclient
// +genclient:nonNamespaced
// +genclient:onlyVerbs=create
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type HealthReview struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata; it is ignored.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is the question.
	Spec HealthReviewSpec `json:"spec"`
	// status is the answer.
	// +optional
	Status HealthReviewStatus `json:"status,omitzero"`
}

// HealthReviewSpec is an object, and how to rate it.
type HealthReviewSpec struct {
	// object is the object as a cluster holds it, with apiVersion, kind and status. The answer shows the data of a
	// Secret masked.
	Object argov1alpha1.JSON `json:"object"`
	// rule rates the object in place of the rules that Applications are rated by.
	// +optional
	Rule *HealthReviewRule `json:"rule,omitempty"`
}

// HealthReviewRule is a health rule; one of its fields is set.
type HealthReviewRule struct {
	// lua is a script as in the key resource.customizations.health.<group>_<kind> of the ConfigMap argocd-cm.
	// +optional
	Lua string `json:"lua,omitempty"`
	// cel is an expression as in the key resource.customizations.health-cel.<group>_<kind>.
	// +optional
	CEL string `json:"cel,omitempty"`
}

// HealthReviewStatus is how the object is rated.
type HealthReviewStatus struct {
	// health is the object's health, absent where no rule rates it.
	// +optional
	Health *argov1alpha1.HealthStatus `json:"health,omitempty"`
	// rule names the rule that answered.
	// +optional
	Rule string `json:"rule,omitempty"`
}
