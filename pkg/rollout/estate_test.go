// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// estate is a cluster with a workload that replaces its own pods, what its controller does with it, and its Rollout.
type estate struct {
	t        *testing.T
	kind     string
	rollout  *v1alpha1.Rollout
	replicas int32
	work     InPlace
	services map[string]*corev1.Service
	runs     map[string]*v1alpha1.AnalysisRun
	now      time.Time
	// born counts the pods that were made; writes are what the Rollout did with the workload.
	born, writes int
	events       []string
	last         Decision
}

// settled returns an estate whose workload runs its first revision under a Rollout with a strategy.
func settled(t *testing.T, kind string, replicas int32, strategy string) *estate {
	t.Helper()
	e := &estate{
		t: t, kind: kind, rollout: &v1alpha1.Rollout{}, replicas: replicas, services: map[string]*corev1.Service{},
		runs: map[string]*v1alpha1.AnalysisRun{}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	text := fmt.Sprintf("metadata: {name: db, namespace: web, uid: u, generation: 1}\n"+
		"spec: {workloadRef: {apiVersion: apps/v1, kind: %s, name: db}, strategy: {canary: %s}}", kind, strategy)
	if err := yaml.UnmarshalStrict([]byte(text), e.rollout); err != nil {
		t.Fatal(err)
	}
	for _, named := range ServicesOf(e.rollout) {
		e.services[named.Name] = &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: named.Name}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "db"}},
		}
	}
	e.work = InPlace{Strategy: "OnDelete", Observed: true}
	if kind == kindStatefulSet {
		e.work.Strategy, e.work.Stable = "RollingUpdate", "v1"
	}
	e.push(1)
	e.settle()
	e.expect(v1alpha1.RolloutPhaseHealthy, 0)
	e.writes, e.events = 0, nil
	return e
}

// updating returns an estate whose workload got another template, and that went as far as it goes by itself.
func updating(t *testing.T, kind string, replicas int32, strategy string) *estate {
	t.Helper()
	e := settled(t, kind, replicas, strategy)
	e.push(2)
	e.settle()
	return e
}

// resume ends a pause, and goes on as far as it goes.
func (e *estate) resume() {
	e.rollout.Status.PauseConditions = nil
	e.settle()
}

// abort aborts the update, or tries it again.
func (e *estate) abort(is bool) {
	e.rollout.Status.Abort = is
	e.settle()
}

// replaceAll replaces the pods of a StatefulSet without its Rollout.
func (e *estate) replaceAll() {
	e.work.Partition = 0
	for range 10 {
		e.control()
		e.ready(10)
	}
}

// push gives the workload another template.
func (e *estate) push(version int) {
	hash, last := fmt.Sprintf("v%d", version), int64(0)
	for _, revision := range e.work.Revisions {
		last = max(last, revision.Number)
	}
	at := slices.IndexFunc(e.work.Revisions, func(revision Kept) bool { return revision.Hash == hash })
	if at < 0 {
		at = len(e.work.Revisions)
		e.work.Revisions = append(e.work.Revisions, Kept{
			Hash: hash, Name: hash, UID: types.UID(hash), Created: metav1.NewTime(e.now.Add(time.Duration(last) * time.Second)),
		})
	}
	e.work.Newest = hash
	e.work.Revisions[at].Number = last + 1
}

// decide decides and does what was decided, as the reconciler does.
func (e *estate) decide() {
	e.t.Helper()
	for range 10 {
		work := e.work
		work.Pods, work.Revisions = slices.Clone(e.work.Pods), slices.Clone(e.work.Revisions)
		workload := &Workload{
			UID: "w", Version: "1", Replicas: &e.replicas, InPlace: &work,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}},
		}
		workload.Template.Raw = []byte(`{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"db","image":"db"}]}}`)
		if err := CheckWorkload(e.rollout); err != nil {
			e.t.Fatal(err)
		}
		resolved, err := Resolve(e.rollout, workload)
		if err == nil {
			err = Validate(resolved, e.services)
		}
		if err != nil {
			e.t.Fatal(err)
		}
		facts := Facts{Rollout: resolved, Workload: workload, Services: e.services, Runs: e.runs, Now: e.now}
		facts.Sets, facts.New = SetsInPlace(resolved, &work, e.now)
		e.last = Decide(facts)
		same := equality.Semantic.DeepEqual(e.last.Status, e.rollout.Status)
		e.rollout.Status = e.last.Status
		for _, event := range e.last.Events {
			e.events = append(e.events, event.Reason+" "+event.Message)
		}
		if len(e.last.Changes) > 0 {
			e.t.Fatalf("ReplicaSets change: %v", e.last.Changes)
		}
		if !e.do(e.last) && same {
			return
		}
	}
}

// do does what was decided, and reports whether that was anything.
func (e *estate) do(decision Decision) bool {
	for _, run := range decision.Begun {
		e.runs[run.Name] = &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{
			Name: run.Name, Annotations: map[string]string{v1alpha1.AnnotationAsked: run.Asked()},
		}}
	}
	for _, selection := range decision.Selections {
		service := e.services[selection.Service].DeepCopy()
		service.Spec.Selector[selection.Label] = selection.Hash
		service.Annotations = with(service.Annotations, v1alpha1.AnnotationManagedByRollouts, e.rollout.Name)
		e.services[selection.Service] = service
	}
	wanted := decision.Replacement
	if wanted == nil {
		return len(decision.Begun)+len(decision.Selections) > 0
	}
	e.writes++
	if wanted.Claim {
		e.work.Driver = e.rollout.Name
	}
	if wanted.Partition != nil {
		e.work.Partition = *wanted.Partition
	}
	if wanted.Template != "" {
		var version int
		if _, err := fmt.Sscanf(wanted.Template, "v%d", &version); err != nil {
			e.t.Fatal(err)
		}
		e.push(version)
	}
	for _, gone := range wanted.Pods {
		e.work.Pods = slices.DeleteFunc(e.work.Pods, func(pod Pod) bool { return pod.UID == gone.UID })
	}
	return true
}

// control does once what the workload's controller does (as Kubernetes 1.37: pkg/controller/statefulset, daemon).
func (e *estate) control() {
	have := map[int32]bool{}
	e.work.Pods = slices.DeleteFunc(e.work.Pods, func(pod Pod) bool { return pod.Ordinal >= e.replicas })
	for _, pod := range e.work.Pods {
		have[pod.Ordinal] = true
	}
	for ordinal := range e.replicas {
		if have[ordinal] {
			continue
		}
		e.born++
		pod := Pod{
			Name: fmt.Sprintf("db-%d", ordinal), UID: types.UID(fmt.Sprint(e.born)), Ordinal: ordinal,
			Node: fmt.Sprintf("node-%d", ordinal), Hash: e.work.Newest,
		}
		if e.kind == kindStatefulSet && ordinal < e.work.Partition {
			pod.Hash = e.work.Stable
		}
		e.work.Pods = append(e.work.Pods, pod)
	}
	if e.kind != kindStatefulSet {
		return
	}
	slices.SortFunc(e.work.Pods, func(a, b Pod) int { return int(a.Ordinal - b.Ordinal) })
	if !slices.ContainsFunc(e.work.Pods, func(pod Pod) bool { return pod.Ready.IsZero() }) {
		for i := len(e.work.Pods) - 1; i >= int(e.work.Partition); i-- {
			if e.work.Pods[i].Hash != e.work.Newest {
				e.work.Pods = slices.Delete(e.work.Pods, i, i+1)
				return
			}
		}
	}
	if e.all(func(pod Pod) bool { return pod.Hash == e.work.Newest && !pod.Ready.IsZero() }) {
		e.work.Stable = e.work.Newest
	}
}

func (e *estate) all(is func(Pod) bool) bool {
	return int32(len(e.work.Pods)) == e.replicas && !slices.ContainsFunc(e.work.Pods, func(pod Pod) bool { return !is(pod) })
}

// ready makes up to so many more pods ready.
func (e *estate) ready(count int) {
	for i := range e.work.Pods {
		if pod := &e.work.Pods[i]; pod.Ready.IsZero() && count > 0 {
			count--
			pod.Ready = e.now
		}
	}
}

// settle lets the controllers work and all pods become ready until nothing changes any more.
func (e *estate) settle() {
	e.t.Helper()
	for range 200 {
		born, writes, partition, status := e.born, e.writes, e.work.Partition, e.rollout.Status.DeepCopy()
		e.decide()
		e.control()
		e.ready(100)
		e.control()
		e.decide()
		if born == e.born && writes == e.writes && partition == e.work.Partition &&
			equality.Semantic.DeepEqual(*status, e.rollout.Status) {
			return
		}
	}
	e.t.Fatalf("the Rollout does not come to rest: %s", e.rollout.Status.Message)
}

// of counts the pods of a version.
func (e *estate) of(version int) int {
	count := 0
	for _, pod := range e.work.Pods {
		if pod.Hash == fmt.Sprintf("v%d", version) {
			count++
		}
	}
	return count
}

// available counts the pods that are.
func (e *estate) available() int32 {
	var count int32
	for _, pod := range e.work.Pods {
		if !pod.Ready.IsZero() {
			count++
		}
	}
	return count
}

// expect compares the phase and the numbers of pods of the versions, from 1 on.
func (e *estate) expect(phase v1alpha1.RolloutPhase, step int, counts ...int) {
	e.t.Helper()
	status := e.rollout.Status
	for i, want := range counts {
		if got := e.of(i + 1); got != want {
			e.t.Fatalf("%s (%s): %d pods of version %d, want %d", status.Phase, status.Message, got, i+1, want)
		}
	}
	if status.Phase != phase || len(counts) > 0 && int(or(status.CurrentStepIndex, 0)) != step {
		e.t.Fatalf("%s (%s) at step %d, want %s at step %d", status.Phase, status.Message,
			or(status.CurrentStepIndex, 0), phase, step)
	}
}
