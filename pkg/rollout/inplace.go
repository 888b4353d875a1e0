// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// InPlace is what is known of a workload that replaces its own pods: a StatefulSet or a DaemonSet.
type InPlace struct {
	// Version is the resource version of the workload that all of this was read beside.
	Version string
	// Strategy is the type of its update strategy.
	Strategy string
	// Driver is the name of the Rollout that drives it, "" where none does.
	Driver string
	// Partition is the first ordinal whose pods get the newest template; a DaemonSet has none.
	Partition int32
	// Observed says that its controller has seen its newest specification.
	Observed bool
	// Stable is the hash of the revision at which its controller makes pods below the partition, "" where it has none.
	Stable string
	// Newest is the hash of the revision of its template.
	Newest string
	// MinReady is how long a pod is ready before it counts as available.
	MinReady time.Duration
	// Revisions are those that it keeps.
	Revisions []Kept
	// Pods are its pods, without those that are being deleted.
	Pods []Pod
}

// Kept is a revision that a workload keeps.
type Kept struct {
	// Hash is what its pods carry in the label controller-revision-hash.
	Hash string
	// Name and UID are those of its ControllerRevision.
	Name string
	UID  types.UID
	// Number counts the revisions of the workload.
	Number int64
	// Created is when it was made.
	Created metav1.Time
}

// Pod is a pod of a workload that replaces its own pods.
type Pod struct {
	Name string
	UID  types.UID
	// Ordinal is its place in a StatefulSet, from 0 on.
	Ordinal int32
	// Node is where it runs.
	Node string
	// Hash is the hash of its revision.
	Hash string
	// Ready is since when it has been ready, zero where it is not.
	Ready time.Time
}

// available says that a pod has been ready for long enough, or when it will be; zero is that nobody knows.
func (w *InPlace) available(pod Pod, now time.Time) (is bool, from time.Time) {
	if pod.Ready.IsZero() {
		return false, time.Time{}
	}
	from = pod.Ready.Add(w.MinReady)
	return !now.Before(from), from
}

// SetsInPlace returns the revisions of a workload that replaces its own pods as if each were a ReplicaSet with the pods
// of that revision, the oldest first, and the one to which the Rollout goes.
func SetsInPlace(
	rollout *v1alpha1.Rollout, work *InPlace, now time.Time,
) (sets []*appsv1.ReplicaSet, goal *appsv1.ReplicaSet) {
	kept := slices.Clone(work.Revisions)
	slices.SortFunc(kept, func(a, b Kept) int {
		return cmp.Or(a.Created.Compare(b.Created.Time), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	wanted := work.goal(&rollout.Status)
	for _, revision := range kept {
		set := &appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{
				Name: revision.Name, Namespace: rollout.Namespace, UID: revision.UID, CreationTimestamp: revision.Created,
				Labels:      map[string]string{v1alpha1.LabelPodTemplateHash: revision.Hash},
				Annotations: map[string]string{v1alpha1.AnnotationRevision: strconv.FormatInt(revision.Number, 10)},
			},
		}
		work.count(set, revision.Hash, now)
		if sets = append(sets, set); revision.Hash == wanted {
			goal = set
		}
	}
	return sets, goal
}

// count gives a set the numbers of the pods of a revision.
func (w *InPlace) count(set *appsv1.ReplicaSet, hash string, now time.Time) {
	for _, pod := range w.Pods {
		if pod.Hash != hash {
			continue
		}
		set.Status.Replicas++
		if !pod.Ready.IsZero() {
			set.Status.ReadyReplicas++
		}
		if is, _ := w.available(pod, now); is {
			set.Status.AvailableReplicas++
		}
	}
	set.Spec.Replicas = new(set.Status.Replicas)
}

// goal is the revision to which the Rollout goes: that of the template. While an update is aborted it is the one that
// was aborted, though the template may be the stable one again.
func (w *InPlace) goal(status *v1alpha1.RolloutStatus) string {
	if status.Abort && w.Newest == status.StableRS && w.keeps(status.CurrentPodHash) {
		return status.CurrentPodHash
	}
	return w.Newest
}

// keeps says that a revision is kept.
func (w *InPlace) keeps(hash string) bool {
	return slices.ContainsFunc(w.Revisions, func(revision Kept) bool { return revision.Hash == hash })
}

// inPlace is the workload where it replaces its own pods, nil for any other Rollout.
func (p *pass) inPlace() *InPlace {
	if p.Workload == nil {
		return nil
	}
	return p.Workload.InPlace
}

// follow takes over which revision the workload's own controller goes back to: pods that it makes anew are of that one.
// Where it knows none, the stable revision of a workload that comes to the Rollout is that of most of its pods.
func (p *pass) follow() {
	work := p.inPlace()
	if work == nil {
		return
	}
	stable := work.Stable
	if stable == "" && p.Status.StableRS == "" {
		stable = work.usual()
	}
	if stable != "" && stable != HashOf(p.New) {
		p.Status.StableRS = stable
	}
}

// usual is the revision of most pods, "" where there are none.
func (w *InPlace) usual() string {
	counts := map[string]int{}
	for _, pod := range w.Pods {
		counts[pod.Hash]++
	}
	usual := ""
	for _, revision := range w.Revisions {
		if counts[revision.Hash] > counts[usual] {
			usual = revision.Hash
		}
	}
	return usual
}

// ahead says that the workload's own controller has nothing to go back to though steps remain: somebody else let it
// replace all pods.
func (p *pass) ahead() bool {
	work := p.inPlace()
	return work != nil && work.Stable == p.Status.CurrentPodHash && p.stepsRemain()
}

// stepsRemain says that the update waits for steps that nobody skipped.
func (p *pass) stepsRemain() bool { return int(p.index()) < len(p.steps()) && !p.Status.PromoteFull }

// takingTurns is the numbers of pods of a workload that replaces its own pods where a weight asks for so many new ones.
// While steps remain one pod stays as it is: the workload's controller forgets a revision that has no pod any more.
func (p *pass) takingTurns(count int32) Pair {
	desired := Replicas(p.Rollout)
	if p.stepsRemain() {
		count = min(count, max(0, desired-1))
	}
	if p.keepsNew() {
		count = max(count, desired-min(desired, sizeOf(p.stable).Spec))
	}
	return Pair{New: count, Stable: desired - count}
}

// lags says that the workload's own controller would still go back to another revision.
func (p *pass) lags() bool {
	work := p.inPlace()
	return work != nil && work.Stable != "" && work.Stable != p.Status.CurrentPodHash
}
