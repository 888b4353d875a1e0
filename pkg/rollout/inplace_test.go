// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const stepped = `{steps: [{setWeight: 20}, {pause: {}}, {setWeight: 60}, {pause: {}}]}`

// kinds are the workloads that replace their own pods.
func kinds() []string { return []string{kindStatefulSet, kindDaemonSet} }

// eachKind runs a test with each of them.
func eachKind(t *testing.T, test func(t *testing.T, kind string)) {
	t.Helper()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

func TestAWorkloadThatReplacesItsPodsGoesStepByStep(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, kind string) {
		e := updating(t, kind, 5, stepped)
		e.expect(paused, 1, 4, 1)
		e.resume()
		e.expect(paused, 3, 2, 3)
		e.resume()
		e.expect(healthy, 4, 0, 5)
		if stable := e.rollout.Status.StableRS; stable != "v2" {
			t.Errorf("the stable revision is %q, want v2", stable)
		}
	})
}

func TestANewTemplateFindsAStatefulSetHeld(t *testing.T) {
	t.Parallel()
	e := settled(t, kindStatefulSet, 3, stepped)
	if e.work.Partition != Held {
		t.Fatalf("at rest the partition is %d, want %d", e.work.Partition, Held)
	}
	e.push(2)
	e.replicas = 6
	e.control()
	e.ready(10)
	e.control()
	if e.of(2) > 0 {
		t.Errorf("before the first step %d of the pods that the StatefulSet was scaled up by are new", e.of(2))
	}
}

func TestTheCanaryOfAStatefulSetHasTheLastOrdinals(t *testing.T) {
	t.Parallel()
	e := updating(t, kindStatefulSet, 5, stepped)
	for _, pod := range e.work.Pods {
		if want := map[bool]string{true: "v2", false: "v1"}[pod.Ordinal == 4]; pod.Hash != want {
			t.Errorf("%s is %s, want %s", pod.Name, pod.Hash, want)
		}
	}
}

func TestTheCanaryOfADaemonSetGoesByTheNamesOfNodes(t *testing.T) {
	t.Parallel()
	e := updating(t, kindDaemonSet, 5, `{steps: [{setWeight: 40}, {pause: {}}]}`)
	for _, pod := range e.work.Pods {
		if want := map[bool]string{true: "v2", false: "v1"}[pod.Node <= "node-1"]; pod.Hash != want {
			t.Errorf("on %s is %s, want %s", pod.Node, pod.Hash, want)
		}
	}
}

func TestAnAbortedWorkloadEndsAtItsStableRevision(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, kind string) {
		e := updating(t, kind, 5, stepped)
		e.resume()
		e.expect(paused, 3, 2, 3)
		e.abort(true)
		e.expect(v1alpha1.RolloutPhaseDegraded, 0, 5, 0)
		writes := e.writes
		for range 3 {
			e.now = e.now.Add(time.Hour)
			e.settle()
		}
		if e.writes != writes {
			t.Errorf("after it went back it was written %d times more", e.writes-writes)
		}
	})
}

func TestAnAbortedStatefulSetKeepsItsTemplateAndTriesAgain(t *testing.T) {
	t.Parallel()
	e := updating(t, kindStatefulSet, 5, stepped)
	e.abort(true)
	if e.work.Newest != "v2" {
		t.Errorf("its template is %s, want v2", e.work.Newest)
	}
	e.abort(false)
	e.expect(paused, 1, 4, 1)
}

func TestAnAbortedDaemonSetGetsItsStableTemplateAndStaysDegradedUntilItIsTriedAgain(t *testing.T) {
	t.Parallel()
	e := updating(t, kindDaemonSet, 5, stepped)
	e.abort(true)
	e.expect(v1alpha1.RolloutPhaseDegraded, 0, 5, 0)
	if e.work.Newest != "v1" || !strings.Contains(strings.Join(e.events, "\n"), "TemplateRestored") {
		t.Errorf("its template is %s, want v1; Events %v", e.work.Newest, e.events)
	}
	// Git wants the new template nevertheless.
	e.push(2)
	e.settle()
	e.expect(v1alpha1.RolloutPhaseDegraded, 0, 5, 0)
	e.abort(false)
	e.expect(paused, 1, 4, 1)
}

func TestBrokenPodsOfTheCanaryGoAtOnce(t *testing.T) {
	t.Parallel()
	e := settled(t, kindStatefulSet, 5, `{steps: [{setWeight: 60}, {pause: {}}]}`)
	e.push(2)
	e.decide()
	e.control()
	e.control()
	e.decide()
	if e.of(2) != 1 || e.available() != 4 {
		t.Fatalf("%d pods are new and %d available, want 1 and 4", e.of(2), e.available())
	}
	e.rollout.Status.Abort = true
	e.decide()
	e.control()
	if e.of(2) != 0 || e.of(1) != 5 {
		t.Errorf("the broken pod did not go: %+v", e.work.Pods)
	}
}

func TestAnEarlierTemplateTakesTheCanaryBack(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, kind string) {
		e := updating(t, kind, 5, stepped)
		e.push(1)
		e.settle()
		e.expect(healthy, 4, 5, 0)
	})
}

func TestAThirdTemplateBeginsAtTheFirstStep(t *testing.T) {
	t.Parallel()
	e := updating(t, kindStatefulSet, 5, stepped)
	e.resume()
	e.expect(paused, 3, 2, 3)
	e.push(3)
	e.settle()
	e.expect(paused, 1, 4, 0, 1)
}

func TestPodsThatWereReplacedWithoutTheRolloutCountAsPromoted(t *testing.T) {
	t.Parallel()
	e := updating(t, kindStatefulSet, 3, stepped)
	e.replaceAll()
	e.settle()
	e.expect(healthy, 4, 0, 3)
	if said := strings.Join(e.events, "\n"); !strings.Contains(said, `StatefulSet "db" has replaced all pods by itself`) {
		t.Errorf("Events do not say so: %s", said)
	}
}

func TestAPodStaysAtTheStableRevisionWhileStepsRemain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		replicas    int32
		steps       string
		before, new int
	}{
		"of five, at all of the weight": {5, "[{setWeight: 100}, {pause: {}}]", 1, 4},
		"the only one":                  {1, "[{setWeight: 60}, {pause: {}}]", 1, 0},
		"the only one, at all":          {1, "[{setWeight: 100}, {pause: {}}]", 1, 0},
	} {
		for _, kind := range kinds() {
			t.Run(name+" of a "+kind, func(t *testing.T) {
				t.Parallel()
				e := updating(t, kind, test.replicas, "{steps: "+test.steps+"}")
				e.expect(paused, 1, test.before, test.new)
				e.abort(true)
				e.expect(v1alpha1.RolloutPhaseDegraded, 0, int(test.replicas), 0)
				e.push(2)
				e.abort(false)
				e.expect(paused, 1, test.before, test.new)
				e.resume()
				e.expect(healthy, 2, 0, int(test.replicas))
			})
		}
	}
}

func TestAFullPromotionLeavesNoPodAtTheStableRevision(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, kind string) {
		e := updating(t, kind, 1, stepped)
		e.rollout.Status.PromoteFull = true
		e.settle()
		e.expect(healthy, 4, 0, 1)
	})
}

func TestAnAbortIsNoPromotionThoughAllPodsWereReplacedWithoutTheRollout(t *testing.T) {
	t.Parallel()
	e := updating(t, kindStatefulSet, 3, stepped)
	e.replaceAll()
	e.abort(true)
	e.expect(v1alpha1.RolloutPhaseDegraded, 0, 0, 3)
	if stable := e.rollout.Status.StableRS; stable != "v1" {
		t.Errorf("the stable revision is %q, want v1", stable)
	}
	e.push(1)
	e.abort(false)
	e.expect(paused, 1, 1, 2)
}

func TestAStatefulSetThatComesInTheMiddleOfAnUpdateGoesThroughTheSteps(t *testing.T) {
	t.Parallel()
	e := settled(t, kindStatefulSet, 5, stepped)
	e.push(2)
	e.rollout.Status, e.work.Partition, e.work.Driver = v1alpha1.RolloutStatus{}, 3, ""
	for range 6 {
		e.control()
		e.ready(10)
	}
	e.settle()
	e.expect(paused, 1, 4, 1)
}

func TestADaemonSetThatComesWithPodsOfAnEarlierTemplateGoesThroughTheSteps(t *testing.T) {
	t.Parallel()
	e := settled(t, kindDaemonSet, 5, stepped)
	e.push(2)
	e.rollout.Status, e.work.Driver = v1alpha1.RolloutStatus{}, ""
	e.settle()
	e.expect(paused, 1, 4, 1)
}

func TestNodesThatComeDuringTheUpdateOfADaemonSetDoNotStopIt(t *testing.T) {
	t.Parallel()
	e := updating(t, kindDaemonSet, 5, stepped)
	e.replicas = 8
	e.settle()
	e.expect(paused, 1, 4, 4)
	e.resume()
	e.expect(paused, 3, 3, 5)
}

func TestAPausedRolloutLetsNoPodsOfItsWorkloadBeReplaced(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, kind string) {
		e := settled(t, kind, 5, stepped)
		e.rollout.Spec.Paused = new(true)
		e.push(2)
		e.settle()
		e.expect(paused, 0, 5, 0)
	})
}

func TestServicesSelectTheRevisionsOfAWorkload(t *testing.T) {
	t.Parallel()
	e := settled(t, kindStatefulSet, 5,
		`{canaryService: canary, stableService: stable, steps: [{setWeight: 20}, {pause: {}}]}`)
	e.push(2)
	e.settle()
	for service, want := range map[string]string{"canary": "v2", "stable": "v1"} {
		if got := e.services[service].Spec.Selector["controller-revision-hash"]; got != want {
			t.Errorf("Service %s selects revision %q, want %q", service, got, want)
		}
	}
	e.abort(true)
	if got := e.services["canary"].Spec.Selector["controller-revision-hash"]; got != "v1" {
		t.Errorf("after the abort Service canary selects revision %q, want v1", got)
	}
}

// Whatever happens, and in whatever order: no more pods than may be are unavailable by what a Rollout does, a
// StatefulSet gets no more new pods than the step's weight asks for, and it ends in the template that was pushed last.
func TestWhateverHappensToAWorkloadTheUpdateEnds(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, kind string) {
		for seed := range uint64(60) {
			roam(t, kind, seed)
		}
	})
}

func roam(t *testing.T, kind string, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
	e := settled(t, kind, 1+random.Int32N(9), stepped)
	over := map[string]bool{"v1": true}
	for range 60 {
		e.happen(random)
		before := e.available()
		e.decide()
		least := min(before, e.replicas-max(1, e.replicas/4))
		if now := e.available(); now < least {
			t.Fatalf("seed %d: %d pods are available of %d before, want %d at least", seed, now, before, least)
		}
		if kind == kindStatefulSet {
			e.checkPartition(seed)
			e.checkForgotten(seed, over)
		}
	}
	if e.rollout.Status.Abort = true; e.rollout.Status.CurrentPodHash != e.rollout.Status.StableRS {
		stable := e.rollout.Status.StableRS
		back := stable
		if kind == kindStatefulSet {
			back = e.work.Stable
		}
		e.settle()
		if now := e.rollout.Status.StableRS; now != stable || !e.all(func(pod Pod) bool { return pod.Hash == back }) {
			t.Fatalf("seed %d: aborted with the stable revision %s it ends at %s with %+v, want pods of %s",
				seed, stable, now, e.work.Pods, back)
		}
	}
	e.rollout.Status.Abort, e.rollout.Spec.Paused = false, nil
	for range 20 {
		e.now = e.now.Add(11 * time.Minute)
		e.resume()
	}
	if status := e.rollout.Status; status.Phase != healthy || status.StableRS != e.work.Newest ||
		!e.all(func(pod Pod) bool { return pod.Hash == e.work.Newest }) {
		t.Fatalf("seed %d: it ends %s (%s), stable %s, newest %s, pods %+v", seed, status.Phase, status.Message,
			status.StableRS, e.work.Newest, e.work.Pods)
	}
	writes := e.writes
	e.decide()
	if e.writes != writes {
		t.Fatalf("seed %d: at rest it writes", seed)
	}
}

// happen is something that happens to a workload or its Rollout.
func (e *estate) happen(random *rand.Rand) {
	switch random.IntN(12) {
	case 0:
		e.push(1 + random.IntN(4))
	case 1:
		e.rollout.Status.Abort = true
	case 2:
		e.rollout.Status.Abort = false
	case 3:
		e.rollout.Status.PauseConditions = nil
	case 4:
		e.replicas = 1 + random.Int32N(9)
		e.control()
	case 5:
		e.now = e.now.Add(time.Duration(random.IntN(600)) * time.Second)
	case 6, 7, 8:
		e.control()
	default:
		e.ready(1 + random.IntN(3))
	}
}

// checkPartition requires that the partition lets no more pods be new than the weight of the step asks for.
func (e *estate) checkPartition(seed uint64) {
	e.t.Helper()
	status := e.rollout.Status
	if e.work.Stable == e.work.Newest || status.CurrentPodHash == status.StableRS || status.PromoteFull {
		return
	}
	weight := int32(0)
	if index := int(or(status.CurrentStepIndex, 0)); !status.Abort {
		if weight = 100; index < 4 {
			weight = []int32{20, 20, 60, 60}[index]
		}
	}
	most := Target(e.replicas, weight, 100, 0).New
	if weight < 100 {
		most = min(most, e.replicas-1)
	}
	if may := e.replicas - min(e.work.Partition, e.replicas); may > most {
		e.t.Fatalf("seed %d: with partition %d of %d pods %d may be new, by weight %d it is %d",
			seed, e.work.Partition, e.replicas, may, weight, most)
	}
}

// checkForgotten requires that the StatefulSet goes over to a new revision only after the last step to it, and notes
// the revisions whose steps are over.
func (e *estate) checkForgotten(seed uint64, over map[string]bool) {
	e.t.Helper()
	status, step := e.rollout.Status, or(e.rollout.Status.CurrentStepIndex, 0)
	if status.CurrentPodHash == status.StableRS {
		clear(over)
	}
	if step == 4 {
		over[status.CurrentPodHash] = true
	}
	if !over[e.work.Stable] {
		e.t.Fatalf("seed %d: at step %d to %s there is nothing to go back to", seed, step, status.CurrentPodHash)
	}
}
