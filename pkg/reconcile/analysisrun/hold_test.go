// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// far is a provider in a cluster of which a test decides how it is.
type far struct {
	away    error
	left    int
	stuck   error
	started int
}

func (f *far) Measure(context.Context, *v1alpha1.AnalysisRun, v1alpha1.Metric) v1alpha1.Measurement {
	f.started++
	return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseSuccessful}
}

func (f *far) Reach(context.Context, *v1alpha1.AnalysisRun) error { return f.away }

func (f *far) Clear(context.Context, *v1alpha1.AnalysisRun) (bool, error) {
	f.left--
	return f.left < 0, f.stuck
}

const jobSpec = `{metrics: [{name: smoke, provider: {job: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}}}]}`

// place lets the run of a world measure in another cluster.
func (w *world) place(provider *far) {
	w.Helper()
	w.Providers["job"] = provider
	w.change(func(run *v1alpha1.AnalysisRun) {
		run.Annotations = map[string]string{v1alpha1.AnnotationCluster: "east"}
	})
}

func (w *world) change(change func(*v1alpha1.AnalysisRun)) {
	w.Helper()
	run := w.run()
	change(run)
	if _, err := w.client.ArgoprojV1alpha1().AnalysisRuns("team").Update(w.Context(), run, metav1.UpdateOptions{}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) run() *v1alpha1.AnalysisRun {
	w.Helper()
	run, err := w.client.ArgoprojV1alpha1().AnalysisRuns("team").Get(w.Context(), "run", metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return run
}

func TestAMeasurementWaitsForAClusterThatIsAway(t *testing.T) {
	t.Parallel()
	w, provider := newWorld(t), &far{away: errors.New("connection refused")}
	w.start("team", jobSpec)
	w.place(provider)
	for range 5 {
		if again, _ := w.pass(); again != lookAtDistant {
			t.Errorf("it looks again after %s", again)
		}
	}
	if status := w.status("team"); provider.started > 0 || status.Phase.Completed() || len(status.MetricResults) > 0 {
		t.Errorf("%d measurements were begun: %+v", provider.started, status)
	}
	provider.away = nil
	w.pass()
	if status := w.status("team"); status.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("once the cluster is back it is %s %s", status.Phase, status.Message)
	}
}

func TestARunGoesAfterWhatItHasInAnotherCluster(t *testing.T) {
	t.Parallel()
	w, provider := newWorld(t), &far{left: 1}
	w.start("team", jobSpec)
	w.place(provider)
	w.pass()
	if !slices.Contains(w.run().Finalizers, v1alpha1.FinalizerCluster) {
		t.Fatal("nothing keeps the run until its Jobs are gone")
	}
	w.change(func(run *v1alpha1.AnalysisRun) { run.DeletionTimestamp = new(metav1.Now()) })
	provider.stuck = errors.New("forbidden")
	w.pass()
	if said := w.status("team").Message; !strings.Contains(said, "forbidden") || !strings.Contains(said, v1alpha1.FinalizerCluster) {
		t.Errorf("the run says %q", said)
	}
	provider.stuck, provider.left = nil, 1
	w.pass()
	if len(w.run().Finalizers) == 0 {
		t.Fatal("the run goes before its Jobs")
	}
	w.pass()
	if left := w.run().Finalizers; len(left) > 0 {
		t.Errorf("its Jobs are gone, and %v are left", left)
	}
}
