// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Clusters reach registered clusters.
type Clusters interface {
	// Objects returns a client of a cluster for a namespace. It fails with ErrAway where that cannot be asked now.
	Objects(ctx context.Context, cluster, namespace string) (dynamic.Interface, error)
}

// ErrAway says that a cluster cannot be asked now.
var ErrAway = errors.New("the cluster does not answer")

// Reach fails while the cluster that a run names cannot be asked. One that nobody registered never can: that is for the
// measurement to say.
func (j Job) Reach(ctx context.Context, run *v1alpha1.AnalysisRun) error {
	if _, err := j.jobs(ctx, run); errors.Is(err, ErrAway) {
		return err
	}
	return nil
}

// Clear deletes all Jobs of a run in the cluster that it names, and says whether they are gone.
func (j Job) Clear(ctx context.Context, run *v1alpha1.AnalysisRun) (gone bool, err error) {
	jobs, err := j.jobs(ctx, run)
	if err != nil {
		return false, err
	}
	list, err := jobs.List(ctx, metav1.ListOptions{LabelSelector: v1alpha1.LabelAnalysisRunUID + "=" + string(run.UID)})
	if err != nil {
		return false, fmt.Errorf("list its Jobs: %w", err)
	}
	for i := range list.Items {
		if list.Items[i].GetDeletionTimestamp() != nil {
			continue
		}
		if err = j.delete(ctx, run, list.Items[i].GetName()); err != nil {
			return false, err
		}
	}
	return len(list.Items) == 0, nil
}

// own makes a Job a run's. In another cluster its label says so: the garbage collector there would take an owner that
// it cannot find for deleted.
func own(run *v1alpha1.AnalysisRun, job metav1.Object) {
	if run.Annotations[v1alpha1.AnnotationCluster] != "" {
		return
	}
	isController := true
	job.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "AnalysisRun",
		Name: run.Name, UID: run.UID, Controller: &isController,
	}})
}

// owns reports whether a Job is a run's.
func owns(run *v1alpha1.AnalysisRun, job metav1.Object) bool {
	if run.Annotations[v1alpha1.AnnotationCluster] != "" {
		return job.GetLabels()[v1alpha1.LabelAnalysisRunUID] == string(run.UID)
	}
	owner := metav1.GetControllerOfNoCopy(job)
	return owner != nil && owner.UID == run.UID
}
