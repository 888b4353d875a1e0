// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

const analysed = twoTemplates + `
analyses: [{name: errors, templateName: errors, requiredForCompletion: true}, {name: speed, templateName: speed}]
`

func TestAnExperimentRunsForItsTimeAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	c := start(t, twoTemplates+"duration: 10m")
	c.expect(pending, 2, 1)
	c.ready(1)
	c.expect(pending, 2, 1)
	c.ready(2)
	c.expect(running, 2, 1)
	if len(c.services) != 1 || c.services[0].Spec.Selector[v1alpha1.LabelPodTemplateHash] != rollout.HashOf(c.sets[0]) {
		t.Fatalf("Services %v, want one that selects the pods of the first template", c.services)
	}
	c.pass(10*time.Minute - time.Second)
	c.expect(running, 2, 1)
	c.pass(c.last.Again)
	c.expect(successful, 2, 1)
	if len(c.services) != 1 {
		t.Error("the Service was deleted while its pods are there")
	}
	c.pass(c.last.Again)
	c.expect(successful, 0, 0)
	if len(c.services) != 0 {
		t.Error("the Service is still there though its pods are gone")
	}
	if c.last.Again != 0 {
		t.Errorf("it looks again after %s, want never", c.last.Again)
	}
	want := []string{
		"TemplateProgressing: Template 'old' transitioned from  -> Progressing",
		"TemplateProgressing: Template 'new' transitioned from  -> Progressing",
		"ExperimentPending: Experiment transitioned from  -> Pending",
		"ScalingReplicaSet: Scaled up ReplicaSet ab-old from 0 to 2",
		"ScalingReplicaSet: Scaled up ReplicaSet ab-new from 0 to 1",
		"TemplateRunning: Template 'new' transitioned from Progressing -> Running",
		"TemplateRunning: Template 'old' transitioned from Progressing -> Running",
		"ExperimentRunning: Experiment transitioned from Pending -> Running",
		"TemplateSuccessful: Template 'old' transitioned from Running -> Successful",
		"TemplateSuccessful: Template 'new' transitioned from Running -> Successful",
		"ExperimentSuccessful: Experiment transitioned from Running -> Successful",
		"ScalingReplicaSet: Scaled down ReplicaSet ab-old from 2 to 0",
		"ScalingReplicaSet: Scaled down ReplicaSet ab-new from 1 to 0",
	}
	if diff := cmp.Diff(want, c.events); diff != "" {
		t.Errorf("Events (-want +got):\n%s", diff)
	}
}

func TestReplicaSetsAreNamedAndMarkedAsThePeerFindsThem(t *testing.T) {
	t.Parallel()
	c := start(t, twoTemplates)
	for i, name := range []string{"old", "new"} {
		set := c.sets[i]
		hash := rollout.HashOf(set)
		if set.Name != "ab-"+name || set.Annotations["experiment.argoproj.io/name"] != "ab" ||
			set.Annotations["experiment.argoproj.io/template-name"] != name || set.OwnerReferences[0].Kind != "Experiment" ||
			set.Spec.Selector.MatchLabels["rollouts-pod-template-hash"] != hash ||
			set.Spec.Template.Labels["rollouts-pod-template-hash"] != hash || hash == "" {
			t.Errorf("ReplicaSet of %s: %+v", name, set.ObjectMeta)
		}
	}
	c.experiment.Spec.Templates[1].Template = c.experiment.Spec.Templates[0].Template
	c.sets = nil
	c.decide()
	if rollout.HashOf(c.sets[0]) == rollout.HashOf(c.sets[1]) {
		t.Error("two templates that are the same have one hash: each would take the other's pods for its own")
	}
}

func TestWhatAnalysesFindDecides(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		errors, speed v1alpha1.AnalysisPhase
		want          v1alpha1.AnalysisPhase
		message       string
	}{
		"both go on":                        {running, running, running, ""},
		"the required one succeeds":         {successful, running, successful, "Required AnalysisRuns completed"},
		"the other one alone succeeds":      {running, successful, running, ""},
		"the required one fails":            {failed, running, failed, "because"},
		"the other one fails":               {running, failed, failed, "because"},
		"one is inconclusive":               {inconclusive, running, inconclusive, "because"},
		"an error is worse than no result":  {inconclusive, phaseError, inconclusive, "because"},
		"the other fails after the success": {successful, failed, successful, "Required AnalysisRuns completed"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, analysed)
			if len(c.runs) > 0 {
				t.Fatal("an analysis began before the pods were available")
			}
			c.ready(2)
			if got := slices.Sorted(maps.Keys(c.runs)); !slices.Equal(got, []string{"ab-errors", "ab-speed"}) {
				t.Fatalf("AnalysisRuns %v", got)
			}
			c.found("ab-errors", tc.errors)
			c.found("ab-speed", tc.speed)
			c.expect(tc.want, 2, 1)
			if c.experiment.Status.Message != tc.message {
				t.Errorf("message %q, want %q", c.experiment.Status.Message, tc.message)
			}
			for name, run := range c.runs {
				if over := tc.want != running; over && !ended(run) {
					t.Errorf("AnalysisRun %s goes on after the end", name)
				}
			}
		})
	}
}

func TestTheTimeOfAnExperimentWaitsForTheAnalysesThatAreRequired(t *testing.T) {
	t.Parallel()
	c := start(t, analysed+"duration: 1m")
	c.ready(2)
	c.pass(time.Minute)
	c.expect(running, 2, 1)
	c.found("ab-errors", successful)
	c.expect(successful, 2, 1)

	c = start(t, strings.ReplaceAll(analysed, ", requiredForCompletion: true", "")+"duration: 1m")
	c.ready(2)
	c.pass(time.Minute)
	c.expect(successful, 2, 1)
	if !ended(c.runs["ab-errors"]) {
		t.Error("an analysis goes on after the end")
	}
}

func TestWhatCannotBeHadEndsAnExperiment(t *testing.T) {
	t.Parallel()
	c := start(t, analysed)
	c.missing["errors"] = true
	c.decide()
	c.expect(pending, 2, 1)
	c.ready(2)
	c.expect(phaseError, 2, 1)
	want := "Failed to create AnalysisRun for analysis 'errors': no such template"
	if c.experiment.Status.Message != want {
		t.Errorf("message %q, want %q", c.experiment.Status.Message, want)
	}

	c = start(t, analysed)
	c.ready(2)
	delete(c.runs, "ab-speed")
	c.decide()
	c.expect(phaseError, 2, 1)

	facts := start(t, twoTemplates).facts()
	facts.Refused = map[string]error{"new": errors.New("the image has no name")}
	decision := Decide(facts)
	if decision.Status.Phase != phaseError || decision.Status.Message != "the image has no name" {
		t.Errorf("%s: %s, want Error and what the cluster said", decision.Status.Phase, decision.Status.Message)
	}
}

func TestPodsThatDoNotComeFailAnExperiment(t *testing.T) {
	t.Parallel()
	c := start(t, twoTemplates+"progressDeadlineSeconds: 60")
	c.pass(50 * time.Second)
	c.ready(1)
	c.pass(59 * time.Second)
	c.expect(pending, 2, 1)
	c.pass(c.last.Again)
	c.expect(failed, 2, 1)
	want := "Template 'old' exceeded its progressDeadlineSeconds (60)"
	if c.experiment.Status.Message != want {
		t.Errorf("message %q, want %q", c.experiment.Status.Message, want)
	}
	progressing := conditionOf(&c.experiment.Status, v1alpha1.ExperimentProgressing)
	if progressing == nil || progressing.Reason != "ProgressDeadlineExceeded" {
		t.Errorf("condition Progressing %+v, want the reason ProgressDeadlineExceeded", progressing)
	}
}

func TestAClientEndsAnExperimentAndBeginsItAnew(t *testing.T) {
	t.Parallel()
	c := start(t, analysed+"scaleDownDelaySeconds: 0")
	c.ready(2)
	c.experiment.Spec.Terminate = new(true)
	c.decide()
	if run := c.runs["ab-errors"]; !ended(run) {
		t.Fatal("the analysis was not ended")
	}
	c.found("ab-errors", successful)
	c.found("ab-speed", successful)
	c.expect(successful, 0, 0)

	c.experiment.Spec.Terminate, c.experiment.Status = nil, v1alpha1.ExperimentStatus{}
	c.decide()
	c.expect(pending, 2, 1)
	c.ready(2)
	c.expect(running, 2, 1)
	if _, begun := c.runs["ab-errors.1"]; !begun {
		t.Errorf("AnalysisRuns %v, want a new one beside that of the first try", slices.Sorted(maps.Keys(c.runs)))
	}
}

func TestAnExperimentThatEndsBeforeItsAnalysesProvesNothing(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spec, message string
		want          v1alpha1.AnalysisPhase
	}{
		"that are required":     {analysed, "Required analysis 'errors' did not run", inconclusive},
		"that are not required": {strings.ReplaceAll(analysed, ", requiredForCompletion: true", ""), "", successful},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, tc.spec)
			c.experiment.Spec.Terminate = new(true)
			c.decide()
			status := c.experiment.Status
			if status.Phase != tc.want || status.Message != tc.message {
				t.Errorf("%s: %q, want %s: %q", status.Phase, status.Message, tc.want, tc.message)
			}
		})
	}
}

func TestARetryKeepsPodsThatAreNotScaledDownYet(t *testing.T) {
	t.Parallel()
	c := start(t, analysed)
	c.ready(2)
	c.found("ab-errors", failed)
	c.expect(failed, 2, 1)
	if c.sets[0].Annotations[v1alpha1.AnnotationScaleDownDeadline] != "2026-01-01T00:00:30Z" {
		t.Errorf("deadline %q, want one in 30s", c.sets[0].Annotations[v1alpha1.AnnotationScaleDownDeadline])
	}
	c.experiment.Status = v1alpha1.ExperimentStatus{}
	c.decide()
	c.expect(running, 2, 1)
	c.pass(time.Hour)
	c.expect(running, 2, 1)
}

func TestASpecThatIsPutRightBegins(t *testing.T) {
	t.Parallel()
	c := start(t, twoTemplates+"duration: soon")
	c.expect(phaseError)
	if conditionOf(&c.experiment.Status, v1alpha1.ExperimentInvalidSpec) == nil ||
		!strings.Contains(c.experiment.Status.Message, "spec.duration") {
		t.Errorf("status %+v, want InvalidSpec and the name of the field", c.experiment.Status)
	}
	c.pass(time.Minute)
	c.experiment.Spec.Duration = "1m"
	c.decide()
	c.expect(pending, 2, 1)
	if conditionOf(&c.experiment.Status, v1alpha1.ExperimentInvalidSpec) != nil {
		t.Error("the condition InvalidSpec stays")
	}
}

func TestATemplateThatIsTakenOutLosesItsPods(t *testing.T) {
	t.Parallel()
	c := start(t, twoTemplates)
	c.ready(2)
	c.experiment.Spec.Templates = c.experiment.Spec.Templates[1:]
	c.decide()
	c.pass(30 * time.Second)
	c.expect(running, 0, 1)
	if len(c.services) != 0 || len(c.experiment.Status.TemplateStatuses) != 1 {
		t.Errorf("Services %v, statuses %v; want none of the template", c.services, c.experiment.Status.TemplateStatuses)
	}
}

func TestInvalidSpecsNameTheField(t *testing.T) {
	t.Parallel()
	one := func(template string) string {
		return "templates: [{name: a, selector: {matchLabels: {app: shop}}, " + template + "}]"
	}
	const pods = `template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: shop}]}}`
	cases := map[string]struct{ spec, want string }{
		"none":                  {one(pods), ""},
		"no template":           {"{}", "spec.templates"},
		"a template of no name": {strings.Replace(one(pods), "name: a, ", "", 1), "spec.templates[0].name"},
		"two of one name":       {twoTemplates + "- {name: new}", "spec.templates[2].name"},
		"no selector": {strings.Replace(one(pods), "selector: {matchLabels: {app: shop}}, ", "", 1),
			"spec.templates[0].selector"},
		"a selector of everything": {strings.Replace(one(pods), "{matchLabels: {app: shop}}", "{}", 1),
			"spec.templates[0].selector"},
		"a selector of nothing but the hash": {strings.Replace(one(pods), "app: shop", "rollouts-pod-template-hash: a", 1),
			"spec.templates[0].selector"},
		"a selector of others": {strings.Replace(one(pods), "app: shop", "app: bank", 1),
			"spec.templates[0].template.metadata.labels"},
		"a template that is none":       {one("template: {spec: []}"), "spec.templates[0].template"},
		"a number below zero":           {one(pods + ", replicas: -1"), "spec.templates[0].replicas"},
		"longer until ready than given": {one(pods + ", minReadySeconds: 601"), "spec.templates[0].minReadySeconds"},
		"a Service without a port":      {one(pods + ", service: {}"), "spec.templates[0].service"},
		"a delay below zero":            {one(pods) + "\nscaleDownDelaySeconds: -1", "spec.scaleDownDelaySeconds"},
		"a deadline below zero":         {one(pods) + "\nprogressDeadlineSeconds: -1", "spec.progressDeadlineSeconds"},
		"an analysis of no name":        {one(pods) + "\nanalyses: [{templateName: a}]", "spec.analyses[0].name"},
		"an analysis of nothing":        {one(pods) + "\nanalyses: [{name: a}]", "spec.analyses[0].templateName"},
		"two analyses of one name": {one(pods) +
			"\nanalyses: [{name: a, templateName: b}, {name: a, templateName: b}]", "spec.analyses[1].name"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Validate(experimentOf(t, tc.spec))
			if tc.want == "" && err != nil {
				t.Fatal(err)
			}
			if tc.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.want+":")) {
				t.Errorf("error %v, want one of %s", err, tc.want)
			}
		})
	}
}

func TestArgumentsKnowWhatTheTemplatesBecame(t *testing.T) {
	t.Parallel()
	c := start(t, twoTemplates+"duration: 1h")
	c.ready(2)
	cases := map[string]struct{ value, want, problem string }{
		"a plain value":      {value: "5", want: "5"},
		"a hash":             {value: "{{templates.old.podTemplateHash}}", want: rollout.HashOf(c.sets[0])},
		"two names":          {value: "{{ templates.old.replicaset.name }}/{{templates.new.replicaset.name}}", want: "ab-old/ab-new"},
		"the times":          {value: "{{experiment.availableAt}} {{experiment.finishedAt}}", want: "2026-01-01T00:00:00Z 2026-01-01T01:00:00Z"},
		"an unknown one":     {value: "{{templates.other.podTemplateHash}}", problem: "args[a]: failed to resolve {{templates.other.podTemplateHash}}"},
		"one of no template": {value: "{{old.podTemplateHash}}", problem: "args[a]: failed to resolve {{old.podTemplateHash}}"},
		"one that is open":   {value: "{{templates", problem: "args[a]: read \"{{templates\": "},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, err := c.facts().Args([]v1alpha1.Argument{{Name: "a", Value: &tc.value}})
			switch {
			case tc.problem != "":
				if err == nil || !strings.HasPrefix(err.Error(), tc.problem) {
					t.Errorf("error %v, want %q", err, tc.problem)
				}
			case err != nil:
				t.Fatal(err)
			case *args[0].Value != tc.want:
				t.Errorf("%q, want %q", *args[0].Value, tc.want)
			}
		})
	}
}

func TestAServiceHasEachPortOfItsPodsOnce(t *testing.T) {
	t.Parallel()
	experiment := experimentOf(t, `
templates:
- name: a
  selector: {matchLabels: {app: shop}}
  service: {name: front}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: shop, ports: [{containerPort: 80, name: http}, {containerPort: 90}]}
      - {name: side, ports: [{containerPort: 80, name: again}]}`)
	decision := Decide(Facts{Experiment: experiment})
	service := decision.Made[0].Object
	var ports []string
	for _, port := range service.Spec.Ports {
		ports = append(ports, port.Name+":"+port.TargetPort.String())
	}
	if service.Name != "front" || !slices.Equal(ports, []string{"http:80", "port-1:90"}) {
		t.Errorf("Service %s with ports %v", service.Name, ports)
	}
}
