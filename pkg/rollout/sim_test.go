// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// cluster is a cluster in which nothing but a Rollout happens: what is decided is done at once, and pods become
// available when a test says so.
type cluster struct {
	t              *testing.T
	rollout        *v1alpha1.Rollout
	workload       *Workload
	sets           []*appsv1.ReplicaSet
	services       map[string]*corev1.Service
	runs           map[string]*v1alpha1.AnalysisRun
	experiments    map[string]*v1alpha1.Experiment
	now            time.Time
	outdated, live int
	// writes are how often ReplicaSets and statuses were written.
	writes, statuses int
	events           []string
	last             Decision
}

// start returns a cluster with a Rollout of a strategy, given as YAML, and with the Services that it names.
func start(t *testing.T, replicas int, strategy string) *cluster {
	t.Helper()
	text := fmt.Sprintf(`
metadata: {name: guestbook, namespace: web, uid: u, generation: 1}
spec:
  replicas: %d
  selector: {matchLabels: {app: guestbook}}
  template: {metadata: {labels: {app: guestbook}}, spec: {containers: [{name: guestbook, image: "guestbook:1"}]}}
  strategy:
%s`, replicas, indent(strategy))
	rollout := &v1alpha1.Rollout{}
	if err := yaml.UnmarshalStrict([]byte(text), rollout); err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		t: t, rollout: rollout, services: map[string]*corev1.Service{}, runs: map[string]*v1alpha1.AnalysisRun{},
		experiments: map[string]*v1alpha1.Experiment{},
		now:         time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, named := range ServicesOf(rollout) {
		c.services[named.Name] = &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: named.Name},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "guestbook"}},
		}
	}
	return c
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}

// deployed returns a cluster whose Rollout runs its first revision.
func deployed(t *testing.T, replicas int, strategy string) *cluster {
	t.Helper()
	c := start(t, replicas, strategy)
	c.settle()
	if phase := c.rollout.Status.Phase; phase != v1alpha1.RolloutPhaseHealthy {
		t.Fatalf("the first revision is %s: %s, want Healthy", phase, c.rollout.Status.Message)
	}
	c.writes, c.statuses, c.events = 0, 0, nil
	return c
}

// push changes the image.
func (c *cluster) push(tag int) {
	template := fmt.Sprintf(`{"metadata":{"labels":{"app":"guestbook"}},`+
		`"spec":{"containers":[{"name":"guestbook","image":"guestbook:%d"}]}}`, tag)
	c.rollout.Spec.Template.Raw = []byte(template)
	c.rollout.Generation++
}

// facts reads the cluster.
func (c *cluster) facts(routedNow bool) Facts {
	c.t.Helper()
	digest, err := Digest(c.rollout.Spec.Template)
	if err != nil {
		c.t.Fatal(err)
	}
	sets := slices.Clone(c.sets)
	current := FindDigest(sets, digest, c.rollout.Status.CurrentPodHash)
	if current == nil {
		if current, err = NewSet(c.rollout, sets, digest, Hash(digest, nil)); err != nil {
			c.t.Fatal(err)
		}
		sets = append(sets, current)
	}
	return Facts{
		Rollout: c.rollout, Workload: c.workload, Sets: sets, New: current, Services: c.services, Runs: c.runs,
		Routed: routedNow, Now: c.now, Outdated: c.outdated, Live: c.live, Experiments: c.experiments,
	}
}

// decide decides and does what was decided until nothing is left to do, as the reconciler does.
func (c *cluster) decide() {
	c.t.Helper()
	if err := Validate(c.rollout, c.services); err != nil {
		c.t.Fatal(err)
	}
	before := c.rollout.Status.DeepCopy()
	for range 10 {
		decision := Decide(c.facts(c.last.Traffic != nil))
		c.do(decision)
		if len(decision.Changes) == 0 && len(decision.Selections) == 0 && len(decision.Begun) == 0 &&
			len(decision.Trials) == 0 && len(decision.EndedTrials) == 0 &&
			equality.Semantic.DeepEqual(decision.Status, c.rollout.Status) {
			break
		}
		c.rollout.Status = decision.Status
	}
	if !equality.Semantic.DeepEqual(*before, c.rollout.Status) {
		c.statuses++
	}
}

// do does what was decided.
func (c *cluster) do(decision Decision) {
	for _, selection := range decision.Selections {
		service := c.services[selection.Service].DeepCopy()
		service.Spec.Selector[v1alpha1.LabelPodTemplateHash] = selection.Hash
		service.Annotations = with(service.Annotations, v1alpha1.AnnotationManagedByRollouts, c.rollout.Name)
		c.services[selection.Service] = service
	}
	for _, run := range decision.Begun {
		c.runs[run.Name] = &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{
			Name: run.Name, Annotations: map[string]string{v1alpha1.AnnotationAsked: run.Asked()},
		}}
	}
	for _, name := range decision.Ended {
		c.runs[name].Spec.Terminate = new(true)
	}
	for _, trial := range decision.Trials {
		c.experiments[trial.Name] = c.made(trial)
	}
	for _, name := range decision.EndedTrials {
		c.experiments[name].Spec.Terminate = new(true)
	}
	for _, change := range decision.Changes {
		c.write(change)
	}
	for _, event := range decision.Events {
		c.events = append(c.events, event.Reason+" "+event.Message)
	}
	if decision.Release != nil {
		workload := *c.workload
		workload.Replicas = new(decision.Release.Replicas)
		if decision.Release.Done {
			workload.Released = c.rollout.UID
		}
		c.workload = &workload
	}
	c.last = decision
}

// write writes a ReplicaSet; pods that are not available go first.
func (c *cluster) write(change SetChange) {
	c.writes++
	set := change.Set.DeepCopy()
	set.Spec.Replicas = new(change.Replicas)
	set.Status.Replicas = change.Replicas
	set.Status.AvailableReplicas = min(set.Status.AvailableReplicas, change.Replicas)
	set.Status.ReadyReplicas = set.Status.AvailableReplicas
	delete(set.Annotations, v1alpha1.AnnotationScaleDownDeadline)
	if !change.Deadline.IsZero() {
		set.Annotations[v1alpha1.AnnotationScaleDownDeadline] = change.Deadline.UTC().Format(time.RFC3339)
	}
	if set.UID == "" {
		set.UID = types.UID(set.Name)
		set.CreationTimestamp = metav1.NewTime(c.now.Add(time.Duration(len(c.sets)) * time.Second))
		c.sets = append(c.sets, set)
		return
	}
	c.sets[slices.IndexFunc(c.sets, func(s *appsv1.ReplicaSet) bool { return s.Name == set.Name })] = set
}

// ready makes up to so many more pods of each set available.
func (c *cluster) ready(count int32) {
	for i, set := range c.sets {
		set = set.DeepCopy()
		set.Status.AvailableReplicas = min(*set.Spec.Replicas, set.Status.AvailableReplicas+count)
		set.Status.ReadyReplicas = set.Status.AvailableReplicas
		c.sets[i] = set
	}
}

// settle lets all pods become available until nothing changes any more; the time stands still.
func (c *cluster) settle() {
	c.t.Helper()
	for range 50 {
		status, sizes := c.rollout.Status.DeepCopy(), c.sizes()
		c.decide()
		c.ready(100)
		c.decide()
		if equality.Semantic.DeepEqual(*status, c.rollout.Status) && slices.Equal(sizes, c.sizes()) {
			return
		}
	}
	c.t.Fatalf("the Rollout does not come to rest: %s", c.rollout.Status.Message)
}

// pass lets time go by.
func (c *cluster) pass(duration time.Duration) {
	c.t.Helper()
	c.now = c.now.Add(duration)
	c.settle()
}

// sizes are the numbers of pods of all sets, the oldest first.
func (c *cluster) sizes() []int32 {
	sizes := make([]int32, len(c.sets))
	for i, set := range c.sets {
		sizes[i] = *set.Spec.Replicas
	}
	return sizes
}

// expect compares the phase, the step, and the sizes of the sets.
func (c *cluster) expect(phase v1alpha1.RolloutPhase, step int32, sizes ...int32) {
	c.t.Helper()
	status := c.rollout.Status
	if status.Phase != phase || or(status.CurrentStepIndex, 0) != step || !slices.Equal(c.sizes(), sizes) {
		c.t.Fatalf("%s (%s) at step %d with pods %v, want %s at step %d with %v",
			status.Phase, status.Message, or(status.CurrentStepIndex, 0), c.sizes(), phase, step, sizes)
	}
}
