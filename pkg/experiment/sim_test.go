// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"errors"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	pending      = v1alpha1.AnalysisPhasePending
	running      = v1alpha1.AnalysisPhaseRunning
	successful   = v1alpha1.AnalysisPhaseSuccessful
	failed       = v1alpha1.AnalysisPhaseFailed
	phaseError   = v1alpha1.AnalysisPhaseError
	inconclusive = v1alpha1.AnalysisPhaseInconclusive
)

// cluster is a cluster in which nothing but an Experiment happens: what is decided is done at once, and pods become
// available when a test says so.
type cluster struct {
	t          *testing.T
	experiment *v1alpha1.Experiment
	sets       []*appsv1.ReplicaSet
	services   []*corev1.Service
	runs       map[string]*v1alpha1.AnalysisRun
	missing    map[string]bool
	now        time.Time
	events     []string
	last       Decision
}

// twoTemplates is the templates of an Experiment, of which the first has a Service.
const twoTemplates = `
templates:
- name: old
  replicas: 2
  selector: {matchLabels: {app: shop}}
  service: {}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: shop, image: "shop:1", ports: [{containerPort: 80}]}]}}
- name: new
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: shop, image: "shop:2"}]}}
`

// start returns a cluster with an Experiment of a specification, given as YAML.
func start(t *testing.T, spec string) *cluster {
	t.Helper()
	c := &cluster{
		t: t, experiment: experimentOf(t, spec), runs: map[string]*v1alpha1.AnalysisRun{}, missing: map[string]bool{},
		now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	c.decide()
	return c
}

func experimentOf(t *testing.T, spec string) *v1alpha1.Experiment {
	t.Helper()
	experiment := &v1alpha1.Experiment{}
	if err := yaml.UnmarshalStrict([]byte(spec), &experiment.Spec); err != nil {
		t.Fatal(err)
	}
	experiment.Name, experiment.Namespace, experiment.UID = "ab", "shop", "uid"
	return experiment
}

func (c *cluster) facts() Facts {
	facts := Facts{
		Experiment: c.experiment, Sets: c.sets, Services: c.services, Runs: c.runs, Now: c.now,
		Unready: map[string]error{},
	}
	for name := range c.missing {
		facts.Unready[name] = errors.New("no such template")
	}
	return facts
}

// decide decides and does what was decided until nothing is left to do.
func (c *cluster) decide() {
	c.t.Helper()
	for range 10 {
		facts := c.facts()
		before := facts.Experiment.DeepCopy()
		decision := Decide(facts)
		if !equality.Semantic.DeepEqual(before, facts.Experiment) {
			c.t.Fatal("Decide changed the Experiment that it was given")
		}
		c.do(decision)
		if decision.Idle() && equality.Semantic.DeepEqual(decision.Status, c.experiment.Status) {
			return
		}
		c.experiment.Status = decision.Status
	}
	c.t.Fatal("the Experiment does not come to rest")
}

// do does what was decided.
func (c *cluster) do(decision Decision) {
	for _, event := range decision.Events {
		c.events = append(c.events, event.Reason+": "+event.Message)
	}
	for _, change := range decision.Changes {
		for _, event := range change.Events() {
			c.events = append(c.events, event.Reason+": "+event.Message)
		}
		c.write(change)
	}
	for _, service := range decision.Made {
		c.services = append(c.services, service.Object)
	}
	for _, service := range decision.Gone {
		c.services = slices.DeleteFunc(slices.Clone(c.services),
			func(other *corev1.Service) bool { return other == service })
	}
	for _, run := range decision.Begun {
		c.runs[run.Name] = &v1alpha1.AnalysisRun{}
	}
	for _, name := range decision.Ended {
		c.runs[name].Spec.Terminate = new(true)
	}
	c.last = decision
}

func (c *cluster) write(change SetChange) {
	set := change.Set.DeepCopy()
	set.Spec.Replicas = new(change.Replicas)
	set.Status.Replicas = change.Replicas
	set.Status.AvailableReplicas = min(set.Status.AvailableReplicas, change.Replicas)
	set.Status.ReadyReplicas = set.Status.AvailableReplicas
	delete(set.Annotations, v1alpha1.AnnotationScaleDownDeadline)
	if !change.Deadline.IsZero() {
		set.Annotations[v1alpha1.AnnotationScaleDownDeadline] = change.Deadline.UTC().Format(time.RFC3339)
	}
	c.sets = slices.Clone(c.sets)
	if set.UID == "" {
		set.UID = types.UID(set.Name)
		c.sets = append(c.sets, set)
		return
	}
	c.sets[slices.Index(c.sets, change.Set)] = set
}

// ready lets up to so many pods of each ReplicaSet be available.
func (c *cluster) ready(count int32) {
	c.t.Helper()
	for i := range c.sets {
		c.sets[i] = c.sets[i].DeepCopy()
		available := min(*c.sets[i].Spec.Replicas, count)
		c.sets[i].Status.ReadyReplicas, c.sets[i].Status.AvailableReplicas = available, available
	}
	c.decide()
}

// found lets an AnalysisRun say what it found.
func (c *cluster) found(name string, phase v1alpha1.AnalysisPhase) {
	c.t.Helper()
	c.runs[name] = c.runs[name].DeepCopy()
	c.runs[name].Status.Phase, c.runs[name].Status.Message = phase, "because"
	c.decide()
}

// pass lets time go by.
func (c *cluster) pass(duration time.Duration) {
	c.t.Helper()
	c.now = c.now.Add(duration)
	c.decide()
}

// sizes are the numbers of pods of all sets, in the order in which they were made.
func (c *cluster) sizes() []int32 {
	var sizes []int32
	for _, set := range c.sets {
		sizes = append(sizes, *set.Spec.Replicas)
	}
	return sizes
}

// expect compares the phase and the sizes of the sets.
func (c *cluster) expect(phase v1alpha1.AnalysisPhase, sizes ...int32) {
	c.t.Helper()
	if c.experiment.Status.Phase != phase || !slices.Equal(c.sizes(), sizes) {
		c.t.Fatalf("%s (%s) with pods %v, want %s with %v",
			c.experiment.Status.Phase, c.experiment.Status.Message, c.sizes(), phase, sizes)
	}
}
