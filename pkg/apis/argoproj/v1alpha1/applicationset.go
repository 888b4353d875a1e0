// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ApplicationSet makes Applications from a template and generated parameters.
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationSet struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec says which Applications to make.
	// +optional
	Spec ApplicationSetSpec `json:"spec,omitzero"`
	// status is what was last made.
	// +optional
	Status ApplicationSetStatus `json:"status,omitzero"`
}

// ApplicationSetList is a list of ApplicationSets.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationSetList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the ApplicationSets.
	Items []ApplicationSet `json:"items"`
}

// ApplicationSetSpec says which Applications to make.
type ApplicationSetSpec struct {
	// goTemplate makes the template's strings Go templates.
	// +optional
	GoTemplate *bool `json:"goTemplate,omitempty"`
	// generators make the parameters, one set for each Application.
	// +optional
	// +listType=atomic
	Generators []ApplicationSetGenerator `json:"generators,omitzero"`
	// template is what an Application is made from.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// syncPolicy says what happens to Applications that exist.
	// +optional
	SyncPolicy *ApplicationSetSyncPolicy `json:"syncPolicy,omitempty"`
	// strategy is the order in which changes reach the Applications.
	// +optional
	Strategy *ApplicationSetStrategy `json:"strategy,omitempty"`
	// preservedFields are fields of Applications that others may set.
	// +optional
	PreservedFields *ApplicationPreservedFields `json:"preservedFields,omitempty"`
	// goTemplateOptions are options of the Go template engine.
	// +optional
	// +listType=atomic
	GoTemplateOptions []string `json:"goTemplateOptions,omitzero"`
	// applyNestedSelectors is without effect: selectors of nested generators always apply.
	// +optional
	ApplyNestedSelectors *bool `json:"applyNestedSelectors,omitempty"`
	// ignoreApplicationDifferences are fields of Applications that are left as they are.
	// +optional
	// +listType=atomic
	IgnoreApplicationDifferences ApplicationSetIgnoreDifferences `json:"ignoreApplicationDifferences,omitzero"`
	// templatePatch is a template of a patch that is made to each Application.
	// +optional
	TemplatePatch *string `json:"templatePatch,omitempty"`
}

// ApplicationPreservedFields are fields of Applications that others may set.
type ApplicationPreservedFields struct {
	// annotations are keys of annotations.
	// +optional
	// +listType=atomic
	Annotations []string `json:"annotations,omitzero"`
	// labels are keys of labels.
	// +optional
	// +listType=atomic
	Labels []string `json:"labels,omitzero"`
}

// ApplicationSetStrategy is the order in which changes reach the Applications.
type ApplicationSetStrategy struct {
	// type is AllAtOnce or RollingSync; empty means AllAtOnce.
	// +optional
	Type string `json:"type,omitempty"`
	// rollingSync holds the steps of RollingSync.
	// +optional
	RollingSync *ApplicationSetRolloutStrategy `json:"rollingSync,omitempty"`
	// deletionOrder is AllAtOnce, or Reverse for the steps from the last to the first.
	// +optional
	DeletionOrder string `json:"deletionOrder,omitempty"`
}

// ApplicationSetRolloutStrategy holds the steps of a RollingSync.
type ApplicationSetRolloutStrategy struct {
	// steps follow each other when the Applications of the one before are healthy.
	// +optional
	// +listType=atomic
	Steps []ApplicationSetRolloutStep `json:"steps,omitzero"`
}

// ApplicationSetRolloutStep selects the Applications of a step.
type ApplicationSetRolloutStep struct {
	// matchExpressions select them by label; all must match.
	// +optional
	// +listType=atomic
	MatchExpressions []ApplicationMatchExpression `json:"matchExpressions,omitzero"`
	// maxUpdate is how many are synced at a time, as a number or a percentage; absent means all.
	// +optional
	MaxUpdate *intstr.IntOrString `json:"maxUpdate,omitempty"`
}

// ApplicationMatchExpression compares a label with values.
type ApplicationMatchExpression struct {
	// key is the label.
	// +optional
	Key string `json:"key,omitempty"`
	// operator is In or NotIn.
	// +optional
	Operator string `json:"operator,omitempty"`
	// values are the values.
	// +optional
	// +listType=atomic
	Values []string `json:"values,omitzero"`
}

// ApplicationSetSyncPolicy says what happens to Applications that exist.
type ApplicationSetSyncPolicy struct {
	// preserveResourcesOnDeletion keeps the Applications' objects when an Application goes.
	// +optional
	PreserveResourcesOnDeletion *bool `json:"preserveResourcesOnDeletion,omitempty"`
	// applicationsSync is create-only, create-update, create-delete or sync; absent means sync.
	// +optional
	ApplicationsSync *ApplicationsSyncPolicy `json:"applicationsSync,omitempty"`
}

// ApplicationsSyncPolicy says whether Applications are updated and deleted.
type ApplicationsSyncPolicy string

// The policies; sync creates, updates and deletes.
const (
	ApplicationsSyncPolicyCreateOnly   ApplicationsSyncPolicy = "create-only"
	ApplicationsSyncPolicyCreateUpdate ApplicationsSyncPolicy = "create-update"
	ApplicationsSyncPolicyCreateDelete ApplicationsSyncPolicy = "create-delete"
	ApplicationsSyncPolicySync         ApplicationsSyncPolicy = "sync"
)

// ApplicationSetIgnoreDifferences are fields of Applications that are left as they are.
type ApplicationSetIgnoreDifferences []ApplicationSetResourceIgnoreDifferences

// ApplicationSetResourceIgnoreDifferences selects Applications, and in them the fields that are left.
type ApplicationSetResourceIgnoreDifferences struct {
	// name is the Application's name; empty means all.
	// +optional
	Name string `json:"name,omitempty"`
	// jsonPointers are RFC 6901 paths of the fields.
	// +optional
	// +listType=atomic
	JSONPointers []string `json:"jsonPointers,omitzero"`
	// jqPathExpressions are jq paths of the fields.
	// +optional
	// +listType=atomic
	JQPathExpressions []string `json:"jqPathExpressions,omitzero"`
}
