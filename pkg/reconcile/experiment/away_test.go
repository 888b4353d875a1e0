// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
)

// east is the cluster of a world as one that is registered, of which a test says why it cannot be asked.
type east struct {
	kubernetes.Interface
	problem error
}

// Typed returns a client of cluster east.
func (e *east) Typed(_ context.Context, cluster, _ string) (kubernetes.Interface, error) {
	if cluster != "east" {
		return nil, errors.New("no such cluster")
	}
	return e.Interface, e.problem
}

// newFleet returns a world whose Experiment has its pods in cluster east, and that runs in a cluster with nothing in it.
func newFleet(t *testing.T) (*world, *east) {
	t.Helper()
	w := newWorld(t)
	there := &east{Interface: w.host}
	w.Clusters, w.Reconciler.host.client = there, kubefake.NewClientset()
	object := w.experiment()
	object.Annotations = map[string]string{v1alpha1.AnnotationCluster: "east"}
	w.put(object)
	return w, there
}

func (w *world) put(object *v1alpha1.Experiment) {
	w.Helper()
	must(w.T, w.client.Tracker().Update(v1alpha1.SchemeGroupVersion.WithResource("experiments"), object, "shop"))
}

// unreachable is what the condition says of the cluster, "" where there is none.
func (w *world) unreachable() string {
	w.Helper()
	for _, condition := range w.experiment().Status.Conditions {
		if condition.Type == v1alpha1.ExperimentClusterUnreachable {
			return condition.Message
		}
	}
	return ""
}

func TestAnExperimentIsCarriedOutInAnotherCluster(t *testing.T) {
	t.Parallel()
	w, _ := newFleet(t)
	w.expect("create replicasets, create services, patch experiments, update experiments")
	set, err := w.host.AppsV1().ReplicaSets("shop").Get(t.Context(), "ab-new", metav1.GetOptions{})
	must(t, err)
	service, err := w.host.CoreV1().Services("shop").Get(t.Context(), "ab-new", metav1.GetOptions{})
	must(t, err)
	for _, made := range []metav1.Object{set, service} {
		if len(made.GetOwnerReferences()) > 0 || made.GetLabels()[v1alpha1.LabelExperimentUID] != "uid" {
			t.Errorf("%T has the owners %v and the labels %v", made, made.GetOwnerReferences(), made.GetLabels())
		}
	}
	w.available(2)
	w.expect("create analysisruns, update experiments")
	if got := w.run("ab-errors").Annotations[v1alpha1.AnnotationCluster]; got != "east" {
		t.Errorf("the AnalysisRun is of cluster %q", got)
	}
	again, err := w.visit(t.Context(), types.NamespacedName{Namespace: "shop", Name: "ab"})
	if err != nil || again != askAgain {
		t.Errorf("while it runs the cluster is asked again after %s: %v", again, err)
	}
	w.clock.Step(10 * time.Minute)
	w.expect("patch replicasets, patch analysisruns, update experiments")
	w.clock.Step(30 * time.Second)
	w.expect("patch replicasets")
	w.available(0)
	w.expect("delete services, update experiments")
	again, err = w.visit(t.Context(), types.NamespacedName{Namespace: "shop", Name: "ab"})
	if err != nil || again != 0 {
		t.Errorf("after its end the cluster is asked again after %s: %v", again, err)
	}
}

func TestAClusterThatIsAwayEndsNoExperiment(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*world, *east){
		"one that does not answer": func(_ *world, e *east) { e.problem = errors.New("dial tcp: no route") },
		"one that answers no list": func(_ *world, e *east) {
			silent := kubefake.NewClientset()
			silent.PrependReactor("list", "*", refuse)
			e.Interface = silent
		},
		"one that goes in the middle": func(w *world, _ *east) {
			w.host.PrependReactor("create", "services", refuse)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, there := newFleet(t)
			reactors := len(w.host.ReactionChain)
			cut(w, there)
			w.pass()
			if said := w.unreachable(); !strings.Contains(said, "no route") {
				t.Errorf("the condition says %q", said)
			}
			there.problem = errors.New("no route")
			w.clock.Step(time.Minute)
			if writes := w.pass(); writes != "" {
				t.Errorf("while it is away, a pass writes %s", writes)
			}
			if phase := w.experiment().Status.Phase; phase.Completed() {
				t.Errorf("the Experiment ended as %s", phase)
			}
			w.clock.Step(time.Hour)
			there.problem, there.Interface = nil, w.host
			w.host.ReactionChain = w.host.ReactionChain[len(w.host.ReactionChain)-reactors:]
			w.pass()
			w.available(2)
			w.pass()
			if phase := w.experiment().Status.Phase; phase != v1alpha1.AnalysisPhaseRunning || w.unreachable() != "" {
				t.Errorf("once the cluster answers it is %s, and the condition says %q", phase, w.unreachable())
			}
		})
	}
}

// refuse fails as a request does that nobody answers.
func refuse(clienttesting.Action) (bool, runtime.Object, error) {
	return true, nil, &url.Error{Op: "Get", URL: "https://east", Err: errors.New("no route")}
}

func TestTimeWithoutItsClusterIsNoTimeWithoutProgress(t *testing.T) {
	t.Parallel()
	w, there := newFleet(t)
	w.pass()
	there.problem = errors.New("no route")
	w.pass()
	w.clock.Step(time.Hour)
	there.problem = nil
	w.pass()
	if phase := w.experiment().Status.Phase; phase != v1alpha1.AnalysisPhasePending {
		t.Errorf("phase %s, want Pending: %s", phase, w.experiment().Status.Message)
	}
}

func TestAnExperimentGoesAfterWhatItHasInAnotherCluster(t *testing.T) {
	t.Parallel()
	w, there := newFleet(t)
	w.pass()
	foreign, err := w.host.AppsV1().ReplicaSets("shop").Get(t.Context(), "ab-new", metav1.GetOptions{})
	must(t, err)
	foreign.Name, foreign.UID, foreign.Labels[v1alpha1.LabelExperimentUID] = "foreign", "foreign", "another"
	must(t, w.host.Tracker().Add(foreign))
	object := w.experiment()
	if !held.Is(object) {
		t.Fatal("nothing holds the Experiment")
	}
	object.DeletionTimestamp = &metav1.Time{Time: w.clock.Now()}
	w.put(object)

	there.problem = errors.New("no route")
	w.pass()
	if said := w.unreachable(); !strings.Contains(said, "it is not deleted") || !strings.Contains(said, v1alpha1.FinalizerCluster) {
		t.Errorf("the condition says %q", said)
	}
	there.problem = nil
	if writes := w.pass(); writes != "delete replicasets, delete services" && writes != "delete services, delete replicasets" {
		t.Errorf("writes %q", writes)
	}
	w.watch()
	writes, err := w.visitNow()
	if err != nil || writes != "patch experiments" {
		t.Errorf("writes %q: %v", writes, err)
	}
	if held.Is(w.experiment()) {
		t.Error("nothing is left, and the Experiment stays")
	}
	if _, err = w.host.AppsV1().ReplicaSets("shop").Get(t.Context(), "foreign", metav1.GetOptions{}); err != nil {
		t.Errorf("what another Experiment has is gone: %v", err)
	}
}

func TestWhatBelongsToOthersInAnotherClusterIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, _ := newFleet(t)
	w.pass()
	set, err := w.host.AppsV1().ReplicaSets("shop").Get(t.Context(), "ab-new", metav1.GetOptions{})
	must(t, err)
	set.Labels[v1alpha1.LabelExperimentUID] = "that-of-another-hub"
	_, err = w.host.AppsV1().ReplicaSets("shop").Update(t.Context(), set, metav1.UpdateOptions{})
	must(t, err)
	w.pass()
	status := w.experiment().Status
	if status.Phase != v1alpha1.AnalysisPhaseError || !strings.Contains(status.Message, errTaken.Error()) {
		t.Errorf("%s: %s", status.Phase, status.Message)
	}
}
