// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// noon is when runs of tests start.
func noon() time.Time { return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC) }

// simulation is a run whose measurements are told instead of taken.
type simulation struct {
	*testing.T
	run   *v1alpha1.AnalysisRun
	rules Rules
	now   time.Time
}

func simulate(t *testing.T, spec string) *simulation {
	t.Helper()
	run := &v1alpha1.AnalysisRun{Spec: parse[v1alpha1.AnalysisRunSpec](t, spec)}
	rules, err := ReadRules(run.Spec, run.Spec.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	return &simulation{T: t, run: run, rules: rules, now: noon()}
}

// pass takes what is due, with measure's phases, and says what was done.
func (s *simulation) pass(measure func(Task) v1alpha1.AnalysisPhase) string {
	s.Helper()
	metrics := s.run.Spec.Metrics
	var outcomes []Outcome
	var done []string
	for _, task := range Tasks(s.run, metrics, s.now) {
		done = append(done, fmt.Sprintf("%s %s", task.Deed, metrics[task.Metric].Name))
		started := metav1.NewTime(s.now)
		phase := measure(task)
		outcomes = append(outcomes, Outcome{Task: task, Measurement: v1alpha1.Measurement{
			Phase: phase, StartedAt: &started, Message: map[bool]string{true: "boom"}[phase == v1alpha1.AnalysisPhaseError],
		}})
	}
	s.run.Status = Record(s.run.Status, metrics, s.rules, outcomes, Values{}, metav1.NewTime(s.now))
	s.run.Status = AssessRun(s.run, metrics, s.rules, metav1.NewTime(s.now))
	return strings.Join(done, ", ")
}

func always(phase v1alpha1.AnalysisPhase) func(Task) v1alpha1.AnalysisPhase {
	return func(Task) v1alpha1.AnalysisPhase { return phase }
}

// complete takes measurements with phases in turn, each when it is due, until the run is completed.
func (s *simulation) complete(letters string) {
	s.Helper()
	phases := map[rune]v1alpha1.AnalysisPhase{
		's': v1alpha1.AnalysisPhaseSuccessful, 'f': v1alpha1.AnalysisPhaseFailed,
		'i': v1alpha1.AnalysisPhaseInconclusive, 'e': v1alpha1.AnalysisPhaseError,
	}
	for _, letter := range letters {
		if s.run.Status.Phase.Completed() {
			s.Fatalf("completed as %s before measurement %q", s.run.Status.Phase, letter)
		}
		s.pass(always(phases[letter]))
		at, _ := Next(s.run, s.run.Spec.Metrics, s.now)
		s.now = at
	}
}

func TestARunIsAssessed(t *testing.T) {
	t.Parallel()
	const head = `{metrics: [{name: m, provider: {web: {url: u}}`
	cases := map[string]struct {
		fields, measured, want string
	}{
		"one measurement suffices without interval": {`}]}`, "s", "Successful"},
		"a failure is over the default limit":       {`, interval: 1m, count: 3}]}`, "f", `Failed Metric "m" assessed Failed due to failed (1) > failureLimit (0)`},
		"failures below the limit":                  {`, interval: 1m, count: 3, failureLimit: 2}]}`, "fsf", "Successful"},
		"failures over the limit":                   {`, interval: 1m, count: "9", failureLimit: "2"}]}`, "fsff", `Failed Metric "m" assessed Failed due to failed (3) > failureLimit (2)`},
		"a limit that is off":                       {`, interval: 1m, count: 3, failureLimit: -1}]}`, "fff", "Successful"},
		"inconclusive over the limit":               {`, interval: 1m, count: 3, inconclusiveLimit: 1}]}`, "ii", `Inconclusive Metric "m" assessed Inconclusive due to inconclusive (2) > inconclusiveLimit (1)`},
		"four errors in a row are borne":            {`, interval: 1m, count: 1}]}`, "eeees", "Successful"},
		"five errors in a row are not":              {`, interval: 1m, count: 1}]}`, "eeeee", `Error Metric "m" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): "Error Message: boom"`},
		"errors apart are borne":                    {`, interval: 1m, count: 3, consecutiveErrorLimit: 1}]}`, "esess", "Successful"},
		"successes in a row":                        {`, interval: 1m, consecutiveSuccessLimit: 2, failureLimit: 3}]}`, "sfss", "Successful"},
		"too few in a row, with a limit of failures": {`, interval: 1m, count: 5, consecutiveSuccessLimit: 2, failureLimit: 3}]}`, "sfsfs",
			`Inconclusive Metric "m" assessed Inconclusive due to count (5) reached with consecutiveSuccess (1) < consecutiveSuccessLimit (2)`},
		"too few in a row, without one": {`, interval: 1m, count: 3, consecutiveSuccessLimit: 2, failureLimit: -1}]}`, "sfs",
			`Failed Metric "m" assessed Failed due to count (3) reached with consecutiveSuccess (1) < consecutiveSuccessLimit (2)`},
		"a metric that never ends":        {`, interval: 1m}]}`, "ssssss", "Running"},
		"a dry run that fails":            {`, interval: 1m, count: 1}], dryRun: [{metricName: ".*"}]}`, "f", "Successful"},
		"a run that was to be terminated": {`}], terminate: true}`, "s", "Successful Run Terminated"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulate(t, head+tc.fields)
			s.complete(tc.measured)
			if got := strings.TrimSpace(string(s.run.Status.Phase) + " " + s.run.Status.Message); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if s.run.Status.Phase.Completed() != (s.run.Status.CompletedAt != nil) {
				t.Errorf("%s with completion at %s", s.run.Status.Phase, s.run.Status.CompletedAt)
			}
		})
	}
}

func TestWhatIsDue(t *testing.T) {
	t.Parallel()
	running, success := always(v1alpha1.AnalysisPhaseRunning), always(v1alpha1.AnalysisPhaseSuccessful)
	s := simulate(t, `{metrics: [{name: now, interval: 30s, count: 2, provider: {web: {}}},
	  {name: later, initialDelay: 1m, provider: {web: {}}}, {name: job, provider: {job: {}}}]}`)
	check := func(after time.Duration, measure func(Task) v1alpha1.AnalysisPhase, want string, next time.Duration) {
		t.Helper()
		s.now = noon().Add(after)
		if got := s.pass(measure); got != want {
			t.Errorf("after %s: done %q, want %q", after, got, want)
		}
		if at, waits := Next(s.run, s.run.Spec.Metrics, s.now); waits && !at.Equal(noon().Add(next)) {
			t.Errorf("after %s: next at %s, want %s", after, at.Sub(noon()), next)
		}
	}
	check(0, func(task Task) v1alpha1.AnalysisPhase {
		if task.Metric == 2 {
			return v1alpha1.AnalysisPhaseRunning
		}
		return v1alpha1.AnalysisPhaseSuccessful
	}, "measure now, measure job", 30*time.Second)
	check(10*time.Second, running, "resume job", 30*time.Second)
	resume := metav1.NewTime(noon().Add(50 * time.Second))
	s.run.Status.MetricResults[1].Measurements[0].ResumeAt = &resume
	check(20*time.Second, running, "", 30*time.Second)
	check(30*time.Second, success, "measure now", 50*time.Second)
	check(time.Minute, success, "measure later, resume job", 0)
	if s.run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("the run is %s", s.run.Status.Phase)
	}
}

func TestAfterAFailureTheOthersAreTerminated(t *testing.T) {
	t.Parallel()
	s := simulate(t, `{metrics: [{name: bad, provider: {web: {}}}, {name: endless, interval: 5m, provider: {web: {}}},
	  {name: job, provider: {job: {}}}, {name: later, initialDelay: 1h, provider: {web: {}}}]}`)
	s.pass(func(task Task) v1alpha1.AnalysisPhase {
		return []v1alpha1.AnalysisPhase{
			v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseRunning,
		}[task.Metric]
	})
	if s.run.Status.Phase != v1alpha1.AnalysisPhaseRunning {
		t.Fatalf("the run is %s while a Job runs", s.run.Status.Phase)
	}
	if done := s.pass(always(v1alpha1.AnalysisPhaseSuccessful)); done != "terminate job" {
		t.Errorf("done: %s", done)
	}
	if s.run.Status.Phase != v1alpha1.AnalysisPhaseFailed {
		t.Errorf("the run is %s", s.run.Status.Phase)
	}
	want := v1alpha1.RunSummary{Count: 4, Successful: 2, Failed: 1}
	if diff := cmp.Diff(want, s.run.Status.RunSummary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestMeasurementsAreKept(t *testing.T) {
	t.Parallel()
	s := simulate(t, `{metrics: [{name: few, interval: 1s, provider: {web: {}}}, {name: many, interval: 1s, provider: {web: {}}}],
	  measurementRetention: [{metricName: ma.*, limit: 12}]}`)
	s.complete(strings.Repeat("s", 15))
	var kept []int
	for _, result := range s.run.Status.MetricResults {
		kept = append(kept, len(result.Measurements), int(result.Count))
	}
	if diff := cmp.Diff([]int{10, 15, 12, 15}, kept); diff != "" {
		t.Errorf("kept and counted (-want +got):\n%s", diff)
	}
}

func TestRunsOfAnyMeasurementsKeepTheirPromises(t *testing.T) {
	t.Parallel()
	phases := []v1alpha1.AnalysisPhase{
		v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed,
		v1alpha1.AnalysisPhaseInconclusive, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseRunning,
	}
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test that can be repeated
		s := simulate(t, fmt.Sprintf(`{dryRun: [{metricName: dry}], metrics: [
		  {name: a, interval: 1m, count: %d, failureLimit: %d, inconclusiveLimit: 1, provider: {web: {}}},
		  {name: b, interval: 30s, consecutiveSuccessLimit: %d, failureLimit: 2, provider: {web: {}}},
		  {name: dry, interval: 1m, count: 4, provider: {web: {}}}]}`,
			1+random.IntN(5), random.IntN(2), 1+random.IntN(4)))
		for range 60 {
			before := s.run.DeepCopy()
			if random.IntN(40) == 0 {
				stop := true
				s.run.Spec.Terminate = &stop
			}
			s.pass(func(task Task) v1alpha1.AnalysisPhase {
				if task.Deed == Terminate {
					return v1alpha1.AnalysisPhaseSuccessful
				}
				return phases[random.IntN(len(phases))]
			})
			s.keepsPromises(seed, before)
			if s.run.Status.Phase.Completed() {
				break
			}
			at, waits := Next(s.run, s.run.Spec.Metrics, s.now)
			if waits {
				s.now = at
			} else if tasks := Tasks(s.run, s.run.Spec.Metrics, s.now); len(tasks) == 0 || tasks[0].Deed != Resume {
				t.Fatalf("seed %d: the run is %s and waits for nothing", seed, s.run.Status.Phase)
			}
		}
		if !s.run.Status.Phase.Completed() && s.run.Status.Phase != v1alpha1.AnalysisPhaseRunning {
			t.Errorf("seed %d: the run is %q", seed, s.run.Status.Phase)
		}
	}
}

func (s *simulation) keepsPromises(seed uint64, before *v1alpha1.AnalysisRun) {
	s.Helper()
	worst := v1alpha1.AnalysisPhaseSuccessful
	for _, result := range s.run.Status.MetricResults {
		if was := resultOf(before.Status, result.Name); was.Phase.Completed() {
			if diff := cmp.Diff(was, result); diff != "" {
				s.Errorf("seed %d: a completed metric changed (-was +is):\n%s", seed, diff)
			}
		}
		if len(result.Measurements) > defaultRetention {
			s.Errorf("seed %d: %d measurements are kept", seed, len(result.Measurements))
		}
		if !result.DryRun && result.Phase.Completed() && Worse(worst, result.Phase) {
			worst = result.Phase
		}
	}
	if s.run.Status.Phase.Completed() {
		if s.run.Status.Phase != worst {
			s.Errorf("seed %d: the run is %s, its worst metric that decides %s", seed, s.run.Status.Phase, worst)
		}
		if tasks := Tasks(s.run, s.run.Spec.Metrics, s.now.Add(time.Hour)); len(tasks) > 0 &&
			s.run.Status.Phase == v1alpha1.AnalysisPhaseSuccessful && !Terminating(s.run) {
			s.Errorf("seed %d: a completed run has tasks", seed)
		}
	}
}

func TestNoSecretIsRecorded(t *testing.T) {
	t.Parallel()
	s := simulate(t, `{metrics: [{name: m, provider: {web: {}}}]}`)
	values, err := ReadArgs(parse[[]v1alpha1.Argument](t, `[{name: s, valueFrom: {secretKeyRef: {name: s, key: k}}}]`),
		secretOf("s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", longestValue-3) + "s3cret"
	status := Record(s.run.Status, s.run.Spec.Metrics, s.rules, []Outcome{{
		Measurement: v1alpha1.Measurement{
			Phase: v1alpha1.AnalysisPhaseError, Message: "no s3cret", Value: long, Metadata: map[string]string{"a": "s3cret"},
		},
		Metadata: map[string]string{"query": "s3cret"},
	}}, values, metav1.NewTime(s.now))
	text := fmt.Sprintf("%+v", status)
	if strings.Contains(text, "s3c") || !strings.Contains(text, "no *****") {
		t.Errorf("recorded: %.300s", text)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		strategy string
		phase    v1alpha1.AnalysisPhase
		want     time.Duration
	}{
		"no strategy":                        {`null`, v1alpha1.AnalysisPhaseFailed, -1},
		"nothing said":                       {`{}`, v1alpha1.AnalysisPhaseFailed, -1},
		"after completion":                   {`{secondsAfterCompletion: 5}`, v1alpha1.AnalysisPhaseError, 5 * time.Second},
		"after success":                      {`{secondsAfterCompletion: 5, secondsAfterSuccess: 7}`, v1alpha1.AnalysisPhaseSuccessful, 7 * time.Second},
		"after failure":                      {`{secondsAfterCompletion: 5, secondsAfterFailure: 0}`, v1alpha1.AnalysisPhaseInconclusive, 0},
		"what is said of success no failure": {`{secondsAfterSuccess: 7}`, v1alpha1.AnalysisPhaseFailed, -1},
		"not before the end":                 {`{secondsAfterCompletion: 5}`, v1alpha1.AnalysisPhaseRunning, -1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := &v1alpha1.AnalysisRun{}
			run.Spec.TTLStrategy = parse[*v1alpha1.TTLStrategy](t, tc.strategy)
			completed := metav1.NewTime(noon())
			run.Status.Phase, run.Status.CompletedAt = tc.phase, &completed
			at, expires := Expiry(run)
			if expires != (tc.want >= 0) || expires && !at.Equal(noon().Add(tc.want)) {
				t.Errorf("%s %v, want %s", at, expires, tc.want)
			}
		})
	}
}
