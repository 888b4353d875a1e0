// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// Facts is what a pass knows of an Experiment; none of it is changed.
type Facts struct {
	// Experiment is the Experiment.
	Experiment *v1alpha1.Experiment
	// Sets are the ReplicaSets that the Experiment owns.
	Sets []*appsv1.ReplicaSet
	// Services are the Services that the Experiment owns.
	Services []*corev1.Service
	// Runs are the AnalysisRuns that the Experiment owns, by name.
	Runs map[string]*v1alpha1.AnalysisRun
	// Unready says why an analysis cannot be begun, by its name.
	Unready map[string]error
	// Refused says why the cluster does not take what a template needs, by its name.
	Refused map[string]error
	// Now is the time.
	Now time.Time
}

// Decision is what a pass does, in this order; the status tells of it as if it were done.
type Decision struct {
	// Changes are the ReplicaSets to make or to change.
	Changes []SetChange
	// Made are the Services to make.
	Made []Service
	// Gone are the Services to delete.
	Gone []*corev1.Service
	// Begun are the AnalysisRuns to begin.
	Begun []Run
	// Ended are the names of AnalysisRuns to end.
	Ended []string
	// Status is the status after it.
	Status v1alpha1.ExperimentStatus
	// Events tell what happened, in order; each SetChange has its own.
	Events []rollout.Event
	// Again is when to look again though nothing happens; zero is never.
	Again time.Duration
}

// SetChange is how a ReplicaSet should be.
type SetChange struct {
	// Template is the name of its template.
	Template string
	// Set is the ReplicaSet as it is; one without a UID is to be made.
	Set *appsv1.ReplicaSet
	// Replicas is the number of pods.
	Replicas int32
	// Deadline is when it is scaled down; zero is no such time.
	Deadline time.Time
}

// Service is a Service to make.
type Service struct {
	// Template is the name of the template whose pods it selects.
	Template string
	// Object is the Service.
	Object *corev1.Service
}

// Run is an AnalysisRun to begin.
type Run struct {
	// Name is its name.
	Name string
	// Analysis is what it measures.
	Analysis *v1alpha1.ExperimentAnalysisTemplateRef
}

// Idle says that there is nothing to do but to write the status.
func (d Decision) Idle() bool {
	return len(d.Changes)+len(d.Made)+len(d.Gone)+len(d.Begun)+len(d.Ended) == 0
}

// After returns the facts once the status is the one to go on from.
func (f Facts) After(status v1alpha1.ExperimentStatus) Facts {
	object := *f.Experiment
	object.Status = status
	f.Experiment = &object
	return f
}
