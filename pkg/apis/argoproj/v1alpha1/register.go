// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of this package.
const GroupName = "argoproj.io"

// SchemeGroupVersion is the group and version of this package.
var SchemeGroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

// Kind returns the group-qualified form of a kind of this package.
func Kind(kind string) schema.GroupKind {
	return SchemeGroupVersion.WithKind(kind).GroupKind()
}

// Resource returns the group-qualified form of a resource of this package.
func Resource(resource string) schema.GroupResource {
	return SchemeGroupVersion.WithResource(resource).GroupResource()
}

// Kinds returns one new object of every kind of this package, lists, action bodies and results included.
func Kinds() []runtime.Object {
	return []runtime.Object{
		&Application{}, &ApplicationList{},
		&ApplicationSet{}, &ApplicationSetList{},
		&AppProject{}, &AppProjectList{},
		&Rollout{}, &RolloutList{},
		&RolloutPromote{}, &RolloutAbort{}, &RolloutRetry{}, &RolloutUndo{}, &RolloutManualPause{}, &RolloutRestart{},
		&AnalysisTemplate{}, &AnalysisTemplateList{},
		&ClusterAnalysisTemplate{}, &ClusterAnalysisTemplateList{},
		&AnalysisRun{}, &AnalysisRunList{},
		&Experiment{}, &ExperimentList{},
		&ApplicationSync{}, &ApplicationRollback{}, &ApplicationRefresh{}, &ApplicationTerminate{},
		&ApplicationPlan{}, &ApplicationApproval{},
		&ApplicationManifests{}, &ApplicationDiff{}, &ApplicationResources{},
		&ApplicationTree{}, &ApplicationEvents{}, &ApplicationLogOptions{},
		&ApplicationAction{}, &ApplicationActions{}, &ApplicationActionsOptions{},
		&ApplicationManifestsOptions{}, &ApplicationDiffOptions{},
		&ApplicationRecord{}, &ApplicationRecordList{},
	}
}

// AddToScheme registers the kinds of this package and the conversions of their query options.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion, Kinds()...)
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return addOptionConversions(scheme)
}
