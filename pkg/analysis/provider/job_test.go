// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const uid = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"

const jobMetric = `
name: smoke
provider:
  job:
    metadata: {labels: {team: web}, annotations: {why: smoke}}
    spec:
      backoffLimit: 1
      fieldOfTomorrow: {a: [1]}
      template: {metadata: {labels: {app: smoke}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}
`

const wantedJob = `
apiVersion: batch/v1
kind: Job
metadata:
  name: 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0.smoke.3
  namespace: team
  labels: {team: web, analysisrun.argoproj.io/uid: 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0}
  annotations: {why: smoke, analysisrun.argoproj.io/name: run, analysisrun.argoproj.io/metric-name: smoke}
  ownerReferences:
    - {apiVersion: argoproj.io/v1alpha1, kind: AnalysisRun, name: run, uid: 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0, controller: true}
spec:
  backoffLimit: 1
  fieldOfTomorrow: {a: [1]}
  template:
    metadata: {labels: {app: smoke, analysisrun.argoproj.io/uid: 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0}}
    spec: {restartPolicy: Never, containers: [{name: c, image: i}]}
`

func runIn(namespace string) *v1alpha1.AnalysisRun {
	run := &v1alpha1.AnalysisRun{}
	run.Name, run.Namespace, run.UID = "run", namespace, uid
	run.Status.MetricResults = []v1alpha1.MetricResult{{Name: "smoke", Count: 1, Error: 1}}
	return run
}

// newJob returns a provider whose cluster holds nothing, and the Jobs of a namespace there.
func newJob(t *testing.T) (Job, dynamic.ResourceInterface) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := batchv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	client := dynamicfake.NewSimpleDynamicClient(scheme)
	jobs := client.Resource(batchv1.SchemeGroupVersion.WithResource("jobs")).Namespace("team")
	return Job{Client: client, Namespace: "argocd"}, jobs
}

func TestAJobIsMeasuredByItsEnd(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ status, want string }{
		"it runs":                {`{active: 1}`, "Running  "},
		"it is complete":         {`{conditions: [{type: SuccessCriteriaMet, status: "True"}, {type: Complete, status: "True"}]}`, "Successful  "},
		"it failed":              {`{conditions: [{type: Failed, status: "True"}]}`, "Failed  "},
		"it failed to be failed": {`{conditions: [{type: Failed, status: "False"}]}`, "Running  "},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, jobs := newJob(t)
			run, metric := runIn("team"), metricOf(t, jobMetric)
			measured := provider.Measure(t.Context(), run, metric)
			again := provider.Measure(t.Context(), run, metric)
			if diff := cmp.Diff(measured, again); diff != "" {
				t.Errorf("a pass that could not be written starts another Job (-first +second):\n%s", diff)
			}
			job, err := jobs.Get(t.Context(), measured.Metadata[jobName], metav1.GetOptions{})
			if err != nil {
				t.Fatal(err, told(measured))
			}
			if diff := cmp.Diff(plain(t, wantedJob), plain(t, toJSON(t, job))); diff != "" {
				t.Errorf("Job (-want +got):\n%s", diff)
			}
			job.Object["status"] = plain(t, tc.status)
			if _, err := jobs.Update(t.Context(), job, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := told(provider.Resume(t.Context(), run, metric, measured)); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func plain(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func toJSON(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestJobsThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ namespace, spec, want string }{
		"in Capstan's own namespace": {"argocd", `{template: {}}`, errOwnNamespace.Error()},
		"that say nothing":           {"team", `{}`, "job.spec is empty: say what to run"},
		"that are no Jobs":           {"team", `[]`, "job.spec is empty: say what to run"},
		"of broken templates":        {"team", `{template: []}`, "job.spec.template.metadata.labels: "},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, jobs := newJob(t)
			metric := metricOf(t, `{name: smoke, provider: {job: {spec: `+tc.spec+`}}}`)
			if got := told(provider.Measure(t.Context(), runIn(tc.namespace), metric)); !strings.HasPrefix(got, "Error  "+tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if list, err := jobs.List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) > 0 {
				t.Errorf("%d Jobs were started, error %v", len(list.Items), err)
			}
		})
	}
}

func TestJobsOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	provider, jobs := newJob(t)
	run, metric := runIn("team"), metricOf(t, jobMetric)
	foreign := &unstructured.Unstructured{Object: plain(t, wantedJob)}
	foreign.SetOwnerReferences(nil)
	if _, err := jobs.Create(t.Context(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := told(provider.Measure(t.Context(), run, metric)); !strings.HasSuffix(got, "it is there and belongs to somebody else") {
		t.Error(got)
	}
	forged := v1alpha1.Measurement{Metadata: map[string]string{jobName: foreign.GetName()}}
	if got := told(provider.Terminate(t.Context(), run, metric, forged)); !strings.HasPrefix(got, "Error") {
		t.Error(got)
	}
	if err := provider.Collect(t.Context(), run, []v1alpha1.Measurement{forged}); err == nil {
		t.Error("a Job of somebody else is collected")
	}
	if _, err := jobs.Get(t.Context(), foreign.GetName(), metav1.GetOptions{}); err != nil {
		t.Errorf("the Job of somebody else: %v", err)
	}
}

func TestJobsAreTerminatedAndCollected(t *testing.T) {
	t.Parallel()
	provider, jobs := newJob(t)
	run, metric := runIn("team"), metricOf(t, jobMetric)
	measured := provider.Measure(t.Context(), run, metric)
	if got := told(provider.Terminate(t.Context(), run, metric, measured)); got != "Successful  Metric Terminated" {
		t.Error(got)
	}
	if err := provider.Collect(t.Context(), run, []v1alpha1.Measurement{measured, {}}); err != nil {
		t.Errorf("collect what is gone: %v", err)
	}
	if list, err := jobs.List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) > 0 {
		t.Errorf("%d Jobs are left, error %v", len(list.Items), err)
	}
	if got := told(provider.Resume(t.Context(), run, metric, measured)); !strings.HasPrefix(got, "Error") {
		t.Errorf("a Job that is gone: %s", got)
	}
	if got := told(provider.Resume(t.Context(), run, metric, v1alpha1.Measurement{})); got != "Error  "+errNoJob.Error() {
		t.Errorf("a measurement without a Job: %s", got)
	}
}

func TestNamesOfJobsFit(t *testing.T) {
	t.Parallel()
	for _, metric := range []string{"smoke", strings.Repeat("long-metric.", 20)} {
		name := nameOf(runIn("team"), metric)
		if len(name) > longestName || !strings.HasPrefix(name, fmt.Sprintf("%s.%.5s", uid, metric)) {
			t.Errorf("%s becomes %s", metric, name)
		}
	}
}

// elsewhere are registered clusters, of which east answers and west does not.
type elsewhere struct{ east dynamic.Interface }

func (e elsewhere) Objects(_ context.Context, cluster, _ string) (dynamic.Interface, error) {
	switch cluster {
	case "east":
		return e.east, nil
	case "west":
		return nil, fmt.Errorf("%w: connection refused", ErrAway)
	}
	return nil, errors.New("no cluster has this name")
}

func TestJobsRunInTheClusterThatTheRunNames(t *testing.T) {
	t.Parallel()
	job, here := newJob(t)
	far, there := newJob(t)
	job.Clusters = elsewhere{far.Client}
	run := runIn("team")
	run.Annotations = map[string]string{v1alpha1.AnnotationCluster: "east"}
	measured := job.Measure(t.Context(), run, metricOf(t, jobMetric))
	if told(measured) != "Running  " {
		t.Fatalf("it says %q", told(measured))
	}
	made, err := there.Get(t.Context(), measured.Metadata[jobName], metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.GetOwnerReferences()) != 0 || made.GetLabels()[v1alpha1.LabelAnalysisRunUID] != uid {
		t.Errorf("in another cluster a label says whose it is: %v", made.Object["metadata"])
	}
	if list, err := here.List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) > 0 {
		t.Errorf("in the cluster of the run are %v: %v", list.Items, err)
	}
	// What was begun is found again, and not begun twice.
	if again := job.Measure(t.Context(), run, metricOf(t, jobMetric)); told(again) != "Running  " {
		t.Errorf("the second time it says %q", told(again))
	}
	for _, want := range []bool{false, true} {
		if gone, err := job.Clear(t.Context(), run); gone != want || err != nil {
			t.Errorf("the Jobs are gone: %v %v, want %v", gone, err, want)
		}
	}
}

func TestAClusterThatIsAwayIsToldFromOneThatIsNone(t *testing.T) {
	t.Parallel()
	job, _ := newJob(t)
	job.Clusters = elsewhere{job.Client}
	for cluster, away := range map[string]bool{"": false, "east": false, "west": true, "nowhere": false} {
		run := runIn("team")
		run.Annotations = map[string]string{v1alpha1.AnnotationCluster: cluster}
		if err := job.Reach(t.Context(), run); (err != nil) != away {
			t.Errorf("%q: %v, want away: %v", cluster, err, away)
		}
	}
	run := runIn("team")
	run.Annotations = map[string]string{v1alpha1.AnnotationCluster: "nowhere"}
	if measured := job.Measure(t.Context(), run, metricOf(t, jobMetric)); !strings.Contains(told(measured), "no cluster has this name") {
		t.Errorf("it says %q", told(measured))
	}
}
