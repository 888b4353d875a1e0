// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// echo answers with what authenticates, so that a careless provider would tell it.
func echo(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"rate": 0.97, "key": %q}`, r.Header.Get("X-Key"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestARunIsMeasuredUntilItIsDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("team", `{args: [{name: url, value: "`+echo(t)+`"}], metrics: [{name: rate, interval: 1m, count: 2,
	  successCondition: result > 0.95, provider: {web: {url: "{{args.url}}", jsonPath: "{$.rate}"}}}]}`)
	again, writes := w.pass()
	if again != time.Minute || writes != "update status" || w.status("team").Phase != v1alpha1.AnalysisPhaseRunning {
		t.Fatalf("again in %s, writes %q, phase %s", again, writes, w.status("team").Phase)
	}
	w.clock.Step(20 * time.Second)
	if again, writes := w.pass(); again != 40*time.Second || writes != "" {
		t.Errorf("while nothing is due: again in %s, writes %q", again, writes)
	}
	w.clock.Step(40 * time.Second)
	if again, writes := w.pass(); again != 0 || writes != "update status" {
		t.Errorf("at the end: again in %s, writes %q", again, writes)
	}
	status := w.status("team")
	want := v1alpha1.RunSummary{Count: 1, Successful: 1}
	if diff := cmp.Diff(want, status.RunSummary); diff != "" || status.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("phase %s, summary (-want +got):\n%s", status.Phase, diff)
	}
	told := []string{
		"Normal MetricSuccessful Metric 'rate' Completed. Result: Successful",
		"Normal AnalysisRunSuccessful Analysis Completed. Result: Successful",
	}
	if diff := cmp.Diff(told, w.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	w.clock.Step(time.Hour)
	if again, writes := w.pass(); again != 0 || writes != "" {
		t.Errorf("after the end: again in %s, writes %q", again, writes)
	}
}

func TestNothingTellsASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("team", `{args: [{name: token, valueFrom: {secretKeyRef: {name: token, key: key}}}],
	  metrics: [
	    {name: value, interval: 1m, successCondition: 'result.key == "{{args.token}}"',
	     provider: {web: {url: "`+echo(t)+`", headers: [{key: X-Key, value: "{{args.token}}"}]}}},
	    {name: message, interval: 1m, provider: {web: {url: "http://no.invalid/?t={{args.token}}"}}},
	    {name: condition, interval: 1m, successCondition: "{{args.token}} > 1", provider: {web: {url: "`+echo(t)+`"}}},
	    {name: query, interval: 1m, provider: {prometheus: {address: "`+echo(t)+`", query: 'up{t="{{args.token}}"}'}}}]}`)
	w.pass()
	status := w.status("team")
	if text := fmt.Sprintf("%+v", status); strings.Contains(text, "s3cret") || strings.Count(text, "*****") < 4 {
		t.Errorf("the status tells: %s", text)
	}
	if got := status.MetricResults[0].Successful + status.MetricResults[1].Successful; got != 1 {
		t.Errorf("%d metrics used the Secret, want 1", got)
	}
	for _, event := range w.events() {
		if strings.Contains(event, "s3cret") {
			t.Errorf("an Event tells: %s", event)
		}
	}
	for _, action := range w.host.Actions() {
		if action.GetNamespace() != "team" || action.GetVerb() != "get" {
			t.Errorf("%s in namespace %s", action.GetVerb(), action.GetNamespace())
		}
	}
}

func TestRunsThatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	const metric = `metrics: [{name: m, provider: {web: {url: "http://w.invalid/{{args.a}}"}}}]`
	cases := map[string]struct{ namespace, spec, want string }{
		"an argument that nobody gives": {"team", `{` + metric + `}`, "Unable to resolve metric arguments: failed to resolve {{args.a}}"},
		"an argument without a value":   {"team", `{args: [{name: a}], ` + metric + `}`, "Unable to resolve metric arguments: args.a was not resolved"},
		"a Secret that is not there": {"team", `{args: [{name: a, valueFrom: {secretKeyRef: {name: none, key: k}}}], ` + metric + `}`,
			`Unable to resolve metric arguments: secrets "none" not found`},
		"a key that is not there": {"team", `{args: [{name: a, valueFrom: {secretKeyRef: {name: token, key: none}}}], ` + metric + `}`,
			`Unable to resolve metric arguments: key 'none' does not exist in secret 'token'`},
		"a Secret of Capstan": {"argocd", `{args: [{name: a, valueFrom: {secretKeyRef: {name: token, key: key}}}], ` + metric + `}`,
			"Unable to resolve metric arguments: " + errOwnSecrets.Error()},
		"no metric":                    {"team", `{metrics: []}`, "Analysis spec invalid: no metrics specified"},
		"a rule for no metric":         {"team", `{args: [{name: a, value: b}], dryRun: [{metricName: x}], ` + metric + `}`, "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)"},
		"a provider that is not there": {"team", `{metrics: [{name: m, provider: {plugin: {example/metric: {}}}}]}`, "Analysis spec invalid: metrics[0].provider.plugin is not available here: use another provider"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start(tc.namespace, tc.spec)
			w.pass()
			status := w.status(tc.namespace)
			if status.Phase != v1alpha1.AnalysisPhaseError || status.Message != tc.want || status.CompletedAt == nil {
				t.Errorf("%s %q, completed at %s; want Error %q", status.Phase, status.Message, status.CompletedAt, tc.want)
			}
			want := []string{"Warning AnalysisRunError Analysis Completed. Result: Error"}
			if diff := cmp.Diff(want, w.events()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

const smoke = `metrics: [{name: smoke, provider: {job: {spec: {template: {spec: {restartPolicy: Never}}}}}}]`

func TestARunWaitsForItsJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("team", `{`+smoke+`}`)
	if again, _ := w.pass(); again != lookAgain {
		t.Errorf("looks again in %s", again)
	}
	if _, writes := w.pass(); writes != "" {
		t.Errorf("while the Job runs: writes %q", writes)
	}
	job, err := w.jobs.Namespace("team").Get(t.Context(), "run-uid.smoke.1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	job.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Failed", "status": "True"}}}
	if _, err = w.jobs.Namespace("team").Update(t.Context(), job, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.pass()
	if status := w.status("team"); status.Message != `Metric "smoke" assessed Failed due to failed (1) > failureLimit (0)` {
		t.Errorf("%s %q", status.Phase, status.Message)
	}
}

func TestATerminatedRunEndsItsJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("team", `{args: [{name: a, valueFrom: {secretKeyRef: {name: token, key: key}}}], `+smoke+`}`)
	w.pass()
	if err := w.host.CoreV1().Secrets("team").Delete(t.Context(), "token", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := w.client.ArgoprojV1alpha1().AnalysisRuns("team").Patch(t.Context(), "run", types.MergePatchType,
		[]byte(`{"spec":{"terminate":true}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.pass()
	if status := w.status("team"); status.Phase != v1alpha1.AnalysisPhaseSuccessful || status.Message != "Run Terminated" {
		t.Errorf("%s %q", status.Phase, status.Message)
	}
	if jobs, err := w.jobs.List(t.Context(), metav1.ListOptions{}); err != nil || len(jobs.Items) > 0 {
		t.Errorf("%d Jobs are left, error %v", len(jobs.Items), err)
	}
}

func TestOldJobsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("team", `{measurementRetention: [{metricName: smoke, limit: 1}],
	  metrics: [{name: smoke, interval: 1m, count: 3, provider: {job: {spec: {template: {spec: {}}}}}}]}`)
	for range 3 {
		w.pass()
		jobs, err := w.jobs.Namespace("team").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs.Items) != 1 {
			t.Fatalf("%d Jobs are there, want that of the measurement that is kept", len(jobs.Items))
		}
		job := jobs.Items[0]
		job.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Complete", "status": "True"}}}
		if _, err := w.jobs.Namespace("team").Update(t.Context(), &job, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		w.pass()
		w.clock.Step(time.Minute)
	}
	if status := w.status("team"); status.Phase != v1alpha1.AnalysisPhaseSuccessful || status.MetricResults[0].Count != 3 {
		t.Errorf("%s after %d Jobs", status.Phase, status.MetricResults[0].Count)
	}
}

func TestACompletedRunIsDeletedInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("team", `{ttlStrategy: {secondsAfterCompletion: 60}, metrics: [{name: m, provider: {web: {url: "`+echo(t)+`"}}}]}`)
	if again, _ := w.pass(); again != time.Minute {
		t.Errorf("again in %s, want a minute", again)
	}
	w.clock.Step(59 * time.Second)
	if again, writes := w.pass(); again != time.Second || writes != "" {
		t.Errorf("before its time: again in %s, writes %q", again, writes)
	}
	w.clock.Step(time.Second)
	if _, writes := w.pass(); writes != "delete" {
		t.Errorf("in its time: writes %q", writes)
	}
}

func TestARunOfAnotherControllerIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("team", `{metrics: []}`)
	_, err := w.client.ArgoprojV1alpha1().AnalysisRuns("team").Patch(t.Context(), "run", types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"`+v1alpha1.LabelControllerInstanceID+`":"other"}}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, writes := w.pass(); writes != "" {
		t.Errorf("writes %q", writes)
	}
}

func TestAnOldCacheIsNotActedUpon(t *testing.T) {
	t.Parallel()
	of := func(uid types.UID, version string) *v1alpha1.AnalysisRun {
		return &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{
			Namespace: "team", Name: "run", UID: uid, ResourceVersion: version,
		}}
	}
	own := newWritten()
	own.remember(of("a", "100"))
	for _, tc := range []struct {
		run  *v1alpha1.AnalysisRun
		want bool
	}{{of("a", "99"), true}, {of("a", "100"), false}, {of("a", "1000"), false}, {of("b", "99"), false}} {
		if got := own.newer(keyOf(tc.run), tc.run); got != tc.want {
			t.Errorf("own write newer than %s of %s: %v", tc.run.ResourceVersion, tc.run.UID, got)
		}
	}
	own.forget(keyOf(of("a", "")))
	if run := of("a", "99"); own.newer(keyOf(run), run) {
		t.Error("a run that is gone is remembered")
	}
}
