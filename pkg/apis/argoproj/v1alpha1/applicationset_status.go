// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ApplicationSetStatus is what an ApplicationSet last made.
type ApplicationSetStatus struct {
	// conditions are the latest observations.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []ApplicationSetCondition `json:"conditions,omitzero"`
	// applicationStatus is how far each Application of a RollingSync is.
	// +optional
	// +listType=atomic
	ApplicationStatus []ApplicationSetApplicationStatus `json:"applicationStatus,omitzero"`
	// resources are the Applications, bounded in number.
	// +optional
	// +listType=atomic
	Resources []ResourceStatus `json:"resources,omitzero"`
	// resourcesCount is the number of Applications.
	// +optional
	ResourcesCount int64 `json:"resourcesCount,omitempty"`
	// health is the health of the ApplicationSet.
	// +optional
	Health HealthStatus `json:"health,omitzero"`
	// editors are those who wrote the spec, as authenticated, the last one last. The server alone writes them.
	// +optional
	// +listType=atomic
	Editors []SpecEditor `json:"editors,omitzero"`
}

// ApplicationSetCondition is one observation.
type ApplicationSetCondition struct {
	// type is what is observed.
	Type ApplicationSetConditionType `json:"type"`
	// message says more for people.
	Message string `json:"message"`
	// lastTransitionTime is when status last changed.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
	// status is True, False or Unknown.
	Status ApplicationSetConditionStatus `json:"status"`
	// reason is a word for programs.
	Reason string `json:"reason"`
}

// ApplicationSetConditionStatus is True, False or Unknown.
type ApplicationSetConditionStatus string

// The condition statuses.
const (
	ApplicationSetConditionStatusTrue    ApplicationSetConditionStatus = "True"
	ApplicationSetConditionStatusFalse   ApplicationSetConditionStatus = "False"
	ApplicationSetConditionStatusUnknown ApplicationSetConditionStatus = "Unknown"
)

// ApplicationSetConditionType is what a condition observes.
type ApplicationSetConditionType string

// The condition types of ApplicationSets.
const (
	ApplicationSetConditionErrorOccurred        ApplicationSetConditionType = "ErrorOccurred"
	ApplicationSetConditionParametersGenerated  ApplicationSetConditionType = "ParametersGenerated"
	ApplicationSetConditionResourcesUpToDate    ApplicationSetConditionType = "ResourcesUpToDate"
	ApplicationSetConditionRolloutProgressing   ApplicationSetConditionType = "RolloutProgressing"
	ApplicationSetConditionInvalidRolloutConfig ApplicationSetConditionType = "InvalidRolloutConfig"
)

// The reasons of ApplicationSet conditions.
const (
	ApplicationSetReasonErrorOccurred                    = "ErrorOccurred"
	ApplicationSetReasonApplicationSetUpToDate           = "ApplicationSetUpToDate"
	ApplicationSetReasonParametersGenerated              = "ParametersGenerated"
	ApplicationSetReasonApplicationGenerated             = "ApplicationGeneratedSuccessfully"
	ApplicationSetReasonUpdateApplicationError           = "UpdateApplicationError"
	ApplicationSetReasonApplicationParamsGenerationError = "ApplicationGenerationFromParamsError"
	ApplicationSetReasonRenderTemplateParamsError        = "RenderTemplateParamsError"
	ApplicationSetReasonCreateApplicationError           = "CreateApplicationError"
	ApplicationSetReasonDeleteApplicationError           = "DeleteApplicationError"
	ApplicationSetReasonRefreshApplicationError          = "RefreshApplicationError"
	ApplicationSetReasonApplicationValidationError       = "ApplicationValidationError"
	ApplicationSetReasonApplicationSetModified           = "ApplicationSetModified"
	ApplicationSetReasonApplicationSetRolloutComplete    = "ApplicationSetRolloutComplete"
	ApplicationSetReasonSyncApplicationError             = "SyncApplicationError"
)

// ApplicationSetApplicationStatus is how far one Application of a RollingSync is.
type ApplicationSetApplicationStatus struct {
	// application is the Application's name.
	Application string `json:"application"`
	// lastTransitionTime is when status last changed.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
	// message says more for people.
	Message string `json:"message"`
	// status is Waiting, Pending, Progressing or Healthy.
	Status ProgressiveSyncStatusCode `json:"status"`
	// step is the number of the Application's step, from 1; -1 where no step selects it.
	Step string `json:"step"`
	// targetRevisions are the revisions that the Application is brought to.
	// +listType=atomic
	TargetRevisions []string `json:"targetRevisions"`
}

// ProgressiveSyncStatusCode is how far an Application of a RollingSync is.
type ProgressiveSyncStatusCode string

// The statuses of a RollingSync's Applications.
const (
	ProgressiveSyncWaiting     ProgressiveSyncStatusCode = "Waiting"
	ProgressiveSyncPending     ProgressiveSyncStatusCode = "Pending"
	ProgressiveSyncProgressing ProgressiveSyncStatusCode = "Progressing"
	ProgressiveSyncHealthy     ProgressiveSyncStatusCode = "Healthy"
)
