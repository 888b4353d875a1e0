// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// errUnobserved says that the controller of a workload has not seen its newest specification: which revision the pods
// get is not known yet.
var errUnobserved = errors.New("the workload's controller has not seen its newest specification")

// recheckUnobserved is when to look again though the watch tells of nothing.
const recheckUnobserved = 10 * time.Second

// revisionsInPlace gives the facts the revisions of a workload that replaces its own pods.
func (p *pass) revisionsInPlace(facts *rollout.Facts) error {
	if len(facts.Sets) > 0 {
		return invalidError{field.Forbidden(field.NewPath("spec", "workloadRef"),
			"the Rollout has ReplicaSets, which a "+facts.Rollout.Spec.WorkloadRef.Kind+" has not: create another Rollout")}
	}
	work := facts.Workload.InPlace
	if !work.Observed {
		return errUnobserved
	}
	facts.Sets, facts.New = rollout.SetsInPlace(facts.Rollout, work, facts.Now)
	if facts.New == nil {
		return errUnobserved
	}
	p.revisions = facts.Sets
	return nil
}

// settle lets a workload be read again in the next pass unless it is at rest: its pods may change without it.
func (p *pass) settle(facts rollout.Facts, decision rollout.Decision) {
	if facts.Workload == nil || facts.Workload.InPlace == nil {
		return
	}
	if decision.Replacement != nil || decision.Status.Phase != v1alpha1.RolloutPhaseHealthy {
		p.site.references.outdate(workloadOf(facts.Rollout))
	}
}

// parseInPlace takes of a workload that replaces its own pods what a Rollout needs, and reads its revisions and pods.
func (p *pass) parseInPlace(ctx context.Context) func(*unstructured.Unstructured) (*rollout.Workload, error) {
	return func(object *unstructured.Unstructured) (*rollout.Workload, error) {
		workload, start, err := readInPlace(object)
		if err != nil || workload.Selector == nil {
			return workload, err
		}
		if err = p.keptRevisions(ctx, object, workload); err != nil {
			return nil, err
		}
		return workload, p.keptPods(ctx, object, workload, start)
	}
}

// readInPlace takes what a workload says of itself, and its first ordinal.
func readInPlace(object *unstructured.Unstructured) (*rollout.Workload, int, error) {
	workload, err := parseWorkload(object)
	if err != nil {
		return nil, 0, err
	}
	work := &rollout.InPlace{
		Version: object.GetResourceVersion(), Driver: object.GetAnnotations()[v1alpha1.AnnotationManagedByRollouts],
	}
	workload.InPlace = work
	if object.GetKind() == "DaemonSet" {
		daemons := &appsv1.DaemonSet{}
		if err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, daemons); err != nil {
			return nil, 0, err
		}
		work.Strategy, work.MinReady = string(daemons.Spec.UpdateStrategy.Type), seconds(daemons.Spec.MinReadySeconds)
		work.Observed = daemons.Status.ObservedGeneration >= daemons.Generation
		workload.Replicas = new(daemons.Status.DesiredNumberScheduled)
		return workload, 0, nil
	}
	set := &appsv1.StatefulSet{}
	if err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, set); err != nil {
		return nil, 0, err
	}
	work.Strategy, work.MinReady = string(set.Spec.UpdateStrategy.Type), seconds(set.Spec.MinReadySeconds)
	work.Observed = set.Status.ObservedGeneration >= set.Generation
	work.Stable, work.Newest = set.Status.CurrentRevision, set.Status.UpdateRevision
	if rolling := set.Spec.UpdateStrategy.RollingUpdate; rolling != nil && rolling.Partition != nil {
		work.Partition = *rolling.Partition
	}
	start := 0
	if set.Spec.Ordinals != nil {
		start = int(set.Spec.Ordinals.Start)
	}
	return workload, start, nil
}

func seconds(count int32) time.Duration { return time.Duration(count) * time.Second }

// keptRevisions reads the revisions of a workload. The newest one of a DaemonSet is that of its template.
func (p *pass) keptRevisions(ctx context.Context, object *unstructured.Unstructured, workload *rollout.Workload) error {
	selector, err := metav1.LabelSelectorAsSelector(workload.Selector)
	if err != nil {
		return err
	}
	list, err := p.site.client.AppsV1().ControllerRevisions(object.GetNamespace()).
		List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return fmt.Errorf("list the revisions of %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	work, newest := workload.InPlace, int64(0)
	for i := range list.Items {
		revision := &list.Items[i]
		if !metav1.IsControlledBy(revision, object) {
			continue
		}
		kept := rollout.Kept{
			Hash: revision.Name, Name: revision.Name, UID: revision.UID, Number: revision.Revision,
			Created: revision.CreationTimestamp,
		}
		if object.GetKind() == "DaemonSet" {
			kept.Hash = revision.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]
			if kept.Number > newest {
				newest, work.Newest = kept.Number, kept.Hash
			}
		}
		work.Revisions = append(work.Revisions, kept)
	}
	return nil
}

// keptPods reads the pods of a workload.
func (p *pass) keptPods(
	ctx context.Context, object *unstructured.Unstructured, workload *rollout.Workload, start int,
) error {
	pods, err := p.listPods(ctx, object.GetNamespace(), workload.Selector)
	if err != nil {
		return err
	}
	for i := range pods {
		pod := &pods[i]
		if !metav1.IsControlledBy(pod, object) || pod.DeletionTimestamp != nil {
			continue
		}
		one := rollout.Pod{
			Name: pod.Name, UID: pod.UID, Node: pod.Spec.NodeName, Ready: readySince(pod),
			Hash: pod.Labels[appsv1.ControllerRevisionHashLabelKey],
		}
		if ordinal, err := strconv.Atoi(pod.Name[strings.LastIndex(pod.Name, "-")+1:]); err == nil {
			one.Ordinal = int32(ordinal - start)
		}
		workload.InPlace.Pods = append(workload.InPlace.Pods, one)
	}
	return nil
}

// readySince returns since when a pod has been ready, zero where it is not.
func readySince(pod *corev1.Pod) time.Time {
	for _, condition := range pod.Status.Conditions {
		if condition.Type != corev1.PodReady || condition.Status != corev1.ConditionTrue {
			continue
		}
		if condition.LastTransitionTime.IsZero() {
			return pod.CreationTimestamp.Time
		}
		return condition.LastTransitionTime.Time
	}
	return time.Time{}
}
