// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// made returns the Experiment to make.
func (c *cluster) made(trial Trial) *v1alpha1.Experiment {
	c.t.Helper()
	experiment, err := c.facts(false).Experiment(trial)
	if err != nil {
		c.t.Fatal(err)
	}
	return experiment
}

// finds lets the present Experiment be in a phase, and the Rollout see it.
func (c *cluster) finds(phase v1alpha1.AnalysisPhase) {
	c.t.Helper()
	name := c.rollout.Status.Canary.CurrentExperiment
	experiment := c.experiments[name].DeepCopy()
	experiment.Status.Phase, experiment.Status.Message = phase, "because"
	c.experiments[name] = experiment
	c.settle()
}

const compared = `
canary:
  steps:
  - setWeight: 20
  - experiment:
      duration: 5m
      templates:
      - {name: baseline, specRef: stable, replicas: 2}
      - {name: canary, specRef: canary, metadata: {labels: {variant: new}, annotations: {a: b}}}
      analyses:
      - {name: errors, templateName: errors, requiredForCompletion: true,
         args: [{name: hash, valueFrom: {podTemplateHashValue: Latest}}, {name: of, value: "{{templates.canary.podTemplateHash}}"}]}
  - setWeight: 60
  - pause: {}
`

// comparing returns a cluster whose Rollout is at the step of its Experiment.
func comparing(t *testing.T, strategy string) *cluster {
	t.Helper()
	c := deployed(t, 5, strategy)
	c.push(2)
	c.settle()
	return c
}

func TestAStepRunsAnExperimentOfBothRevisions(t *testing.T) {
	t.Parallel()
	c := comparing(t, compared)
	stable, current := c.rollout.Status.StableRS, c.rollout.Status.CurrentPodHash
	name := "guestbook-" + current + "-2-1"
	if c.rollout.Status.Canary.CurrentExperiment != name {
		t.Fatalf("current Experiment %q, want %q", c.rollout.Status.Canary.CurrentExperiment, name)
	}
	experiment := c.experiments[name]
	if experiment.Labels[v1alpha1.LabelPodTemplateHash] != current || experiment.OwnerReferences[0].Name != "guestbook" ||
		experiment.Annotations[v1alpha1.AnnotationRevision] != "2" || experiment.Spec.Duration != "5m" {
		t.Errorf("Experiment %+v", experiment)
	}
	for i, image := range []string{"guestbook:1", "guestbook:2"} {
		template := experiment.Spec.Templates[i]
		pods, err := template.Template.Decode()
		if err != nil {
			t.Fatal(err)
		}
		_, hashed := pods.Labels[v1alpha1.LabelPodTemplateHash]
		_, selects := template.Selector.MatchLabels[v1alpha1.LabelPodTemplateHash]
		if pods.Spec.Containers[0].Image != image || hashed || selects {
			t.Errorf("template %s: image %s, labels %v, selector %v; want %s and no hash of a revision", template.Name,
				pods.Spec.Containers[0].Image, pods.Labels, template.Selector, image)
		}
		variant := pods.Labels["variant"]
		if want := map[int]string{0: "", 1: "new"}[i]; variant != want ||
			template.Selector.MatchLabels["variant"] != want {
			t.Errorf("template %s: label %q, want %q in the labels and in the selector", template.Name, variant, want)
		}
	}
	args := experiment.Spec.Analyses[0].Args
	if *args[0].Value != current || *args[1].Value != "{{templates.canary.podTemplateHash}}" || stable == current {
		t.Errorf("arguments %s and %s, want %s and what the Experiment fills in", *args[0].Value, *args[1].Value, current)
	}
	if !slices.Contains(c.events, "ExperimentCreated Created Experiment '"+name+"'") {
		t.Errorf("Events %v, want ExperimentCreated", c.events)
	}
	c.finds(v1alpha1.AnalysisPhaseRunning)
	c.expect(v1alpha1.RolloutPhaseProgressing, 1, 4, 1)
	c.finds(v1alpha1.AnalysisPhaseSuccessful)
	c.expect(v1alpha1.RolloutPhasePaused, 3, 2, 3)
	if c.rollout.Status.Canary.CurrentExperiment != "" || !slices.Contains(c.events,
		"RolloutStepCompleted Rollout step 2/4 completed (experiment)") {
		t.Errorf("current Experiment %q, Events %v", c.rollout.Status.Canary.CurrentExperiment, c.events)
	}
}

func TestAnExperimentRunsInTheClusterOfItsRollout(t *testing.T) {
	t.Parallel()
	for _, cluster := range []string{"", "east"} {
		c := deployed(t, 5, compared)
		if cluster != "" {
			c.rollout.Annotations = map[string]string{v1alpha1.AnnotationCluster: cluster}
		}
		c.push(2)
		experiment, err := c.facts(false).Experiment(Trial{Name: "trial", Step: c.rollout.Spec.Strategy.Canary.Steps[1].Experiment})
		if err != nil || experiment.Annotations[v1alpha1.AnnotationCluster] != cluster {
			t.Errorf("of a Rollout of cluster %q it is in %q: %v", cluster, experiment.Annotations[v1alpha1.AnnotationCluster], err)
		}
	}
}

func TestABadExperimentTakesTheUpdateBack(t *testing.T) {
	t.Parallel()
	for _, phase := range []v1alpha1.AnalysisPhase{v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError} {
		c := comparing(t, compared)
		c.finds(phase)
		c.expect(v1alpha1.RolloutPhaseDegraded, 0, 5, 0)
		want := "RolloutAborted: Rollout aborted update to revision 2: Experiment analysis phase is error/failed: because"
		if c.rollout.Status.Message != want || c.rollout.Status.Canary.CurrentExperiment != "" {
			t.Errorf("%s: message %q, Experiment %q; want %q and none",
				phase, c.rollout.Status.Message, c.rollout.Status.Canary.CurrentExperiment, want)
		}
		c.rollout.Status.Abort = false
		c.settle()
		if name := c.rollout.Status.Canary.CurrentExperiment; !strings.HasSuffix(name, "-2-1-1") {
			t.Errorf("%s: Experiment %q after a retry, want another one", phase, name)
		}
	}
}

func TestAnExperimentThatSaysNothingWaitsForAPerson(t *testing.T) {
	t.Parallel()
	c := comparing(t, compared)
	first := c.rollout.Status.Canary.CurrentExperiment
	c.finds(v1alpha1.AnalysisPhaseInconclusive)
	c.expect(v1alpha1.RolloutPhasePaused, 1, 4, 1)
	if c.rollout.Status.Message != "InconclusiveExperiment" {
		t.Errorf("message %q", c.rollout.Status.Message)
	}
	c.rollout.Status.PauseConditions = nil
	c.settle()
	c.expect(v1alpha1.RolloutPhaseProgressing, 1, 4, 1)
	if name := c.rollout.Status.Canary.CurrentExperiment; name != first+"-1" {
		t.Errorf("Experiment %q after going on, want %s-1", name, first)
	}
	c.finds(v1alpha1.AnalysisPhaseSuccessful)
	c.expect(v1alpha1.RolloutPhasePaused, 3, 2, 3)
}

func TestAnExperimentThatNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*cluster){
		"at an abort":             func(c *cluster) { c.rollout.Status.Abort = true },
		"at a promotion in full":  func(c *cluster) { c.rollout.Status.PromoteFull = true },
		"where a person skips it": func(c *cluster) { c.rollout.Status.CurrentStepIndex = new(int32(2)) },
		"at another template":     func(c *cluster) { c.push(3) },
		"at other steps":          func(c *cluster) { c.rollout.Spec.Strategy.Canary.Steps = nil },
		"at an edit of its step": func(c *cluster) {
			c.rollout.Spec.Strategy.Canary.Steps[1].Experiment.Duration = "6m"
		},
	}
	for name, happens := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := comparing(t, compared)
			c.finds(v1alpha1.AnalysisPhaseRunning)
			first := c.rollout.Status.Canary.CurrentExperiment
			happens(c)
			c.settle()
			if !or(c.experiments[first].Spec.Terminate, false) || c.rollout.Status.Canary.CurrentExperiment == first {
				t.Errorf("Experiment %s goes on, and the status tells of %q",
					first, c.rollout.Status.Canary.CurrentExperiment)
			}
		})
	}
}

func TestAnExperimentWhoseStatusWasNotWrittenGoesOn(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, strings.Replace(compared, "  - setWeight: 20\n", "", 1))
	c.push(2)
	before := *c.rollout.Status.DeepCopy()
	c.decide()
	first := c.rollout.Status.Canary.CurrentExperiment
	c.rollout.Status = before
	c.decide()
	if name := c.rollout.Status.Canary.CurrentExperiment; name == "" || name != first || len(c.experiments) != 1 {
		t.Errorf("Experiment %q of %d, want %q alone", name, len(c.experiments), first)
	}
}

func TestADeletedExperimentIsMadeAnew(t *testing.T) {
	t.Parallel()
	c := comparing(t, compared)
	name := c.rollout.Status.Canary.CurrentExperiment
	delete(c.experiments, name)
	c.settle()
	if c.experiments[name] == nil {
		t.Errorf("Experiments %v, want %s again", slices.Collect(maps.Keys(c.experiments)), name)
	}
}

const weighted = `
canary:
  canaryService: new
  stableService: old
  trafficRouting: {smi: {}}
  steps:
  - setWeight: 10
  - experiment:
      templates:
      - {name: baseline, specRef: stable, weight: 15}
      - {name: canary, specRef: canary, weight: 5, service: {name: trial}}
  - pause: {}
`

func TestAnExperimentCarriesTrafficOnceItsPodsAreAvailable(t *testing.T) {
	t.Parallel()
	c := comparing(t, weighted)
	name := c.rollout.Status.Canary.CurrentExperiment
	if spec := c.experiments[name].Spec; spec.Templates[0].Service == nil || spec.Templates[1].Service.Name != "trial" {
		t.Errorf("Services %v and %v, want one for each template", spec.Templates[0].Service, spec.Templates[1].Service)
	}
	experiment := c.experiments[name].DeepCopy()
	experiment.Status.TemplateStatuses = []v1alpha1.TemplateStatus{
		{Name: "baseline", Status: v1alpha1.TemplateStatusRunning, AvailableReplicas: 1, ServiceName: "b", PodTemplateHash: "bb"},
		{Name: "canary", Status: v1alpha1.TemplateStatusProgressing, ServiceName: "trial", PodTemplateHash: "cc"},
	}
	c.experiments[name] = experiment
	c.finds(v1alpha1.AnalysisPhasePending)
	expectWeights := func(canary, stable int32, additional ...int32) {
		t.Helper()
		weights := c.rollout.Status.Canary.Weights
		var more []int32
		for i, one := range weights.Additional {
			more = append(more, one.Weight)
			if intended := c.last.Traffic.Additional[i]; intended.Service != one.ServiceName || intended.Hash != one.PodTemplateHash {
				t.Errorf("intended %v, the status tells of %v", intended, one)
			}
		}
		if weights.Canary.Weight != canary || weights.Stable.Weight != stable || !slices.Equal(more, additional) {
			t.Fatalf("weights %+v, want %d, %d and %v", weights, canary, stable, additional)
		}
	}
	expectWeights(10, 75, 15)
	experiment = c.experiments[name].DeepCopy()
	experiment.Status.TemplateStatuses[1].Status = v1alpha1.TemplateStatusRunning
	experiment.Status.TemplateStatuses[1].AvailableReplicas = 1
	c.experiments[name] = experiment
	c.finds(v1alpha1.AnalysisPhaseRunning)
	expectWeights(10, 70, 15, 5)
	c.finds(v1alpha1.AnalysisPhaseSuccessful)
	expectWeights(10, 90)
}

func TestExperimentsThatCannotBeMadeNameTheField(t *testing.T) {
	t.Parallel()
	const path = "spec.strategy.canary.steps[1].experiment."
	cases := map[string]struct{ strategy, from, to, want string }{
		"no template":            {"canary: {steps: [{pause: {}}, {experiment: {}}]}", "", "", path + "templates"},
		"no name":                {compared, "name: baseline, ", "", path + "templates[0].name"},
		"two of one name":        {compared, "name: baseline", "name: canary", path + "templates[1].name"},
		"another revision":       {compared, "specRef: stable", "specRef: old", path + "templates[0].specRef"},
		"no duration":            {compared, "duration: 5m", "duration: soon", path + "duration"},
		"an analysis of no name": {compared, "name: errors, ", "", path + "analyses[0].name"},
		"no routers":             {compared, "replicas: 2", "weight: 2", path + "templates[0].weight"},
		"routers that split in two": {weighted, "smi: {}", "nginx: {stableIngress: web}",
			path + "templates[0].weight"},
		"too much weight":   {weighted, "weight: 15", "weight: 86", path + "templates[1].weight"},
		"weight below zero": {weighted, "weight: 15", "weight: -1", path + "templates[0].weight"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, 5, strings.Replace(tc.strategy, tc.from, tc.to, 1))
			err := Validate(c.rollout, c.services)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want+":") {
				t.Errorf("error %v, want one of %s", err, tc.want)
			}
		})
	}
}

func TestOldExperimentsGo(t *testing.T) {
	t.Parallel()
	c := comparing(t, compared)
	all := map[string]*v1alpha1.Experiment{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		all[name] = &v1alpha1.Experiment{Status: v1alpha1.ExperimentStatus{Phase: v1alpha1.AnalysisPhaseSuccessful}}
		all[name].Name, all[name].Labels = name, map[string]string{
			v1alpha1.LabelPodTemplateHash: c.rollout.Status.CurrentPodHash,
		}
	}
	all["g"].Labels = nil
	var gone []string
	for _, experiment := range SurplusExperiments(c.rollout, c.sets, all) {
		gone = append(gone, experiment.Name)
	}
	if !slices.Equal(gone, []string{"g", "a"}) {
		t.Errorf("%v go, want that of no revision and one beyond five", gone)
	}
}
