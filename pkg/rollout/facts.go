// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// Facts is what a pass knows of a Rollout; none of it is changed.
type Facts struct {
	// Rollout is the Rollout with the template and the selector of its workload.
	Rollout *v1alpha1.Rollout
	// Workload is the workload that the Rollout refers to, nil where it has a template of its own.
	Workload *Workload
	// Copies are those of ConfigMaps and Secrets to which the template refers.
	Copies []Copy
	// Sets are the ReplicaSets that the Rollout owns, the oldest first.
	Sets []*appsv1.ReplicaSet
	// New is the one of Sets that runs the template of the Rollout.
	New *appsv1.ReplicaSet
	// Services are the Services that the strategy names, by name; one that is missing is not there.
	Services map[string]*corev1.Service
	// Runs are the AnalysisRuns of the Rollout, by name.
	Runs map[string]*v1alpha1.AnalysisRun
	// Experiments are the Experiments of the Rollout, by name.
	Experiments map[string]*v1alpha1.Experiment
	// Outdated is how many pods are older than the restart that the spec asks for.
	Outdated int
	// Live is how many pods are ready and not on their way out, where a restart asked for them.
	Live int
	// Routed says that the routers hold the weights that the status tells of.
	Routed bool
	// Verified says whether the weights were seen to be in effect; nil is not known.
	Verified *bool
	// Now is the time.
	Now time.Time
}

// Decision is what a pass does, in this order; the status tells of it as if it were done.
type Decision struct {
	// Selections are the Services to change.
	Selections []Selection
	// Traffic is how the traffic should be split; nil where nothing is routed.
	Traffic *traffic.Intent
	// Begun are the AnalysisRuns to begin.
	Begun []Run
	// Ended are the names of AnalysisRuns to end.
	Ended []string
	// Trials are the Experiments to begin.
	Trials []Trial
	// EndedTrials are the names of Experiments to end.
	EndedTrials []string
	// Changes are the ReplicaSets to change.
	Changes []SetChange
	// Replacement is what becomes of a workload that replaces its own pods; nil where there is nothing to do.
	Replacement *Replacement
	// Release is how the workload gives up pods; nil where it keeps those that it has.
	Release *Release
	// Restart is how many pods may be evicted now for a restart.
	Restart int32
	// Status is the status after it.
	Status v1alpha1.RolloutStatus
	// Events tell what happened, in order.
	Events []Event
	// Again is when to look again though nothing happens; zero is never.
	Again time.Duration
}

// Selection points a Service to the pods of a revision.
type Selection struct {
	// Service is the name of the Service.
	Service string
	// Label is the label of pods that tells revisions apart.
	Label string
	// Hash is the value of the label to select.
	Hash string
}

// SetChange is how a ReplicaSet should be.
type SetChange struct {
	// Set is the ReplicaSet as it is.
	Set *appsv1.ReplicaSet
	// Replicas is the number of pods.
	Replicas int32
	// Deadline is when it is scaled down; zero is no such time.
	Deadline time.Time
	// Metadata is what its pods carry for their present role.
	Metadata v1alpha1.PodTemplateMetadata
}

// Run is an AnalysisRun to begin.
type Run struct {
	// Name is its name.
	Name string
	// Kind is what it is for, a value of the label rollout-type.
	Kind string
	// Step is the index of its step, where it is for a step.
	Step int32
	// Analysis is what it measures.
	Analysis *v1alpha1.RolloutAnalysis
}

// Trial is an Experiment to begin.
type Trial struct {
	// Name is its name.
	Name string
	// Step is what it runs.
	Step *v1alpha1.RolloutExperimentStep
}

// Event is an Event on the Rollout.
type Event struct {
	// Warning says that somebody should look at it.
	Warning bool
	// Done says that it tells of what was done by itself, whatever becomes of the status.
	Done bool
	// Reason is the reason in one word.
	Reason string
	// Message explains it.
	Message string
}

// Replace puts a ReplicaSet into the place of an earlier version of it, or of the one that was prepared.
func (f *Facts) Replace(set *appsv1.ReplicaSet) {
	f.Sets = slices.Clone(f.Sets)
	for i := range f.Sets {
		if f.Sets[i].Name != set.Name {
			continue
		}
		if f.New == f.Sets[i] {
			f.New = set
		}
		f.Sets[i] = set
	}
}

// After returns the facts once a decision was carried out and its status is the one to go on from.
func (f Facts) After(status v1alpha1.RolloutStatus) Facts {
	object := *f.Rollout
	object.Status = status
	f.Rollout = &object
	return f
}
