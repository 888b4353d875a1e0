// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestAnExperimentIsCarriedOutFromItsBeginningToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.expect("create replicasets, create services, update experiments")
	w.available(2)
	w.expect("create analysisruns, update experiments")
	run := w.run("ab-errors")
	hash := w.experiment().Status.TemplateStatuses[0].PodTemplateHash
	if *run.Spec.Args[0].Value != hash || !metav1.IsControlledBy(run, w.experiment()) {
		t.Errorf("the AnalysisRun is given %v and owned by %v, want the hash %s and the Experiment",
			*run.Spec.Args[0].Value, run.OwnerReferences, hash)
	}
	w.clock.Step(10 * time.Minute)
	w.expect("patch replicasets, patch analysisruns, update experiments")
	if phase := w.experiment().Status.Phase; phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("phase %s, want Successful", phase)
	}
	w.clock.Step(30 * time.Second)
	w.expect("patch replicasets")
	w.available(0)
	w.expect("delete services, update experiments")
	told := strings.Join(w.events(), "\n")
	for _, once := range []string{
		"ScalingReplicaSet Scaled up ReplicaSet ab-new from 0 to 2", "ScalingReplicaSet Scaled down ReplicaSet ab-new",
		"ExperimentRunning", "ExperimentSuccessful", "AnalysisRunPending", "AnalysisRunTerminating",
	} {
		if strings.Count(told, once) != 1 {
			t.Errorf("%q was told %d times:\n%s", once, strings.Count(told, once), told)
		}
	}
}

func TestABadAnalysisEndsAnExperiment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass()
	w.available(2)
	w.pass()
	w.found("ab-errors", v1alpha1.AnalysisPhaseFailed)
	w.pass()
	if phase := w.experiment().Status.Phase; phase != v1alpha1.AnalysisPhaseFailed {
		t.Errorf("phase %s, want Failed", phase)
	}
}

func TestAnAnalysisWhoseTemplateIsMissingIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.templates.Replace(nil, ""))
	w.pass()
	w.available(2)
	w.pass()
	status := w.experiment().Status
	if status.Phase != v1alpha1.AnalysisPhaseError || !strings.Contains(status.Message, `AnalysisTemplate "errors"`) {
		t.Errorf("%s: %s, want Error and the name of the template", status.Phase, status.Message)
	}
}

func TestWhatWasWrittenIsKnownBeforeTheCachesShowIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.watch()
	if _, err := w.visitNow(); err != nil {
		t.Fatal(err)
	}
	// The watch tells of the Experiment alone: of what it owns, it does later.
	must(t, w.Experiments.Update(w.experiment()))
	writes, err := w.visitNow()
	if err != nil || writes != "" {
		t.Errorf("writes %q, error %v; want none", writes, err)
	}
}

func TestWhatTheClusterRefusesEndsAnExperiment(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		resource, message string
		err               error
	}{
		"pods that are invalid": {"replicasets", "Failed to create ReplicaSet for template 'new': ",
			apierrors.NewInvalid(schema.GroupKind{Kind: "ReplicaSet"}, "ab-new", nil)},
		"a Service that is forbidden": {"services", "Failed to create Service ab-new for template 'new': ",
			apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "ab-new", nil)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.host.PrependReactor("create", tc.resource,
				func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, tc.err })
			w.pass()
			status := w.experiment().Status
			if status.Phase != v1alpha1.AnalysisPhaseError || !strings.HasPrefix(status.Message, tc.message) {
				t.Errorf("%s: %s, want Error and %q", status.Phase, status.Message, tc.message)
			}
			if told := w.events(); slices.ContainsFunc(told, func(event string) bool {
				return tc.resource == "replicasets" && strings.Contains(event, "Scaled up")
			}) {
				t.Errorf("Events tell of pods that there are not: %v", told)
			}
		})
	}
}

func TestPodsGoThoughTheClusterRefusedItOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass()
	w.available(2)
	w.pass()
	w.found("ab-errors", v1alpha1.AnalysisPhaseFailed)
	w.pass()
	w.clock.Step(time.Hour)
	refuses := true
	w.host.PrependReactor("patch", "replicasets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return refuses, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "replicasets"}, "ab-new", nil)
	})
	w.watch()
	if writes, err := w.visitNow(); !apierrors.IsForbidden(err) || writes != "patch replicasets" {
		t.Errorf("error %v, writes %q; want the refusal of one", err, writes)
	}
	refuses = false
	w.pass()
	set, err := w.host.AppsV1().ReplicaSets("shop").Get(t.Context(), "ab-new", metav1.GetOptions{})
	must(t, err)
	if *set.Spec.Replicas != 0 {
		t.Errorf("%d pods stay", *set.Spec.Replicas)
	}
}

func TestWhatBelongsToOthersIsLeftAlone(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Name: "ab-new", Namespace: "shop", UID: "other"}
	for name, other := range map[string]runtime.Object{
		"a ReplicaSet": &appsv1.ReplicaSet{ObjectMeta: meta}, "a Service": &corev1.Service{ObjectMeta: meta},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			must(t, w.host.Tracker().Add(other))
			w.pass()
			status := w.experiment().Status
			if status.Phase != v1alpha1.AnalysisPhaseError || !strings.Contains(status.Message, errTaken.Error()) {
				t.Errorf("%s: %s, want Error and whose it is", status.Phase, status.Message)
			}
			w.clock.Step(time.Hour)
			if writes := w.pass(); strings.Contains(writes, "delete") {
				t.Errorf("writes %q: it deletes what is not its own", writes)
			}
		})
	}
}

func TestWhatAFormerExperimentOfTheNameLeftIsWaitedFor(t *testing.T) {
	t.Parallel()
	former := func(change func(*metav1.ObjectMeta)) metav1.ObjectMeta {
		owner := &v1alpha1.Experiment{ObjectMeta: metav1.ObjectMeta{Name: "ab", UID: "former"}}
		meta := metav1.ObjectMeta{Name: "ab-new", Namespace: "shop", UID: "other"}
		meta.OwnerReferences = []metav1.OwnerReference{
			*metav1.NewControllerRef(owner, v1alpha1.SchemeGroupVersion.WithKind(Kind)),
		}
		change(&meta)
		return meta
	}
	waiting := former(func(*metav1.ObjectMeta) {})
	going := former(func(meta *metav1.ObjectMeta) {
		meta.OwnerReferences, meta.DeletionTimestamp = nil, new(metav1.Now())
		meta.Finalizers = []string{"foregroundDeletion"}
	})
	sets, services := appsv1.SchemeGroupVersion.WithResource("replicasets"),
		corev1.SchemeGroupVersion.WithResource("services")
	cases := map[string]struct {
		resource schema.GroupVersionResource
		left     runtime.Object
	}{
		"a ReplicaSet":                    {sets, &appsv1.ReplicaSet{ObjectMeta: waiting}},
		"a Service":                       {services, &corev1.Service{ObjectMeta: waiting}},
		"a ReplicaSet that is on its way": {sets, &appsv1.ReplicaSet{ObjectMeta: going}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			must(t, w.host.Tracker().Add(tc.left))
			w.watch()
			if _, err := w.visitNow(); err == nil {
				t.Fatal("no error, want another try")
			}
			if phase := w.experiment().Status.Phase; phase.Completed() {
				t.Fatalf("phase %s before the cluster has collected what is left", phase)
			}
			must(t, w.host.Tracker().Delete(tc.resource, "shop", "ab-new"))
			w.pass()
			if phase := w.experiment().Status.Phase; phase != v1alpha1.AnalysisPhasePending {
				t.Errorf("phase %s, want Pending", phase)
			}
		})
	}
}

func TestEventsAreToldOnceThoughTheStatusConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conflicts := 2
	w.client.PrependReactor("update", "experiments", func(clienttesting.Action) (bool, runtime.Object, error) {
		conflicts--
		return conflicts >= 0, nil, apierrors.NewConflict(schema.GroupResource{Resource: "experiments"}, "ab", nil)
	})
	for range 2 {
		w.watch()
		if _, err := w.visitNow(); !apierrors.IsConflict(err) {
			t.Fatalf("error %v, want a conflict", err)
		}
	}
	w.pass()
	told := strings.Join(w.events(), "\n")
	for _, once := range []string{"Scaled up ReplicaSet ab-new from 0 to 2", "ExperimentPending", "TemplateProgressing"} {
		if strings.Count(told, once) != 1 {
			t.Errorf("%q was told %d times:\n%s", once, strings.Count(told, once), told)
		}
	}
}

func TestAnExperimentOfAnotherControllerIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	experiment := w.experiment()
	experiment.Labels = map[string]string{v1alpha1.LabelControllerInstanceID: "other"}
	_, err := w.client.ArgoprojV1alpha1().Experiments("shop").Update(t.Context(), experiment, metav1.UpdateOptions{})
	must(t, err)
	if writes := w.pass(); writes != "" {
		t.Errorf("writes %q, want none", writes)
	}
}

func TestExperimentsAreShownByThePeersNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass()
	w.watch()
	const want = `
# HELP experiment_info An Experiment and its phase; always 1.
# TYPE experiment_info gauge
experiment_info{name="ab",namespace="shop",phase="Pending"} 1
# HELP experiment_phase 1 for the phase that an Experiment is in.
# TYPE experiment_phase gauge
experiment_phase{name="ab",namespace="shop",phase="Error"} 0
experiment_phase{name="ab",namespace="shop",phase="Failed"} 0
experiment_phase{name="ab",namespace="shop",phase="Inconclusive"} 0
experiment_phase{name="ab",namespace="shop",phase="Pending"} 1
experiment_phase{name="ab",namespace="shop",phase="Running"} 0
experiment_phase{name="ab",namespace="shop",phase="Successful"} 0
`
	if err := testutil.CollectAndCompare(NewCollector(w.Experiments), strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
