// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// analyse follows the analyses, and begins them once all pods are available.
func (p *pass) analyse() {
	may := p.Status.AvailableAt != nil && !p.ending()
	whole := !slices.ContainsFunc(p.Experiment.Spec.Analyses,
		func(analysis v1alpha1.ExperimentAnalysisTemplateRef) bool { return p.Unready[analysis.Name] != nil })
	for i := range p.Experiment.Spec.Analyses {
		analysis := &p.Experiment.Spec.Analyses[i]
		status := p.analysisStatus(analysis.Name)
		before := status.Phase
		switch {
		case status.Phase.Completed():
		case status.AnalysisRun != "":
			p.follow(status)
		case may && p.Unready[analysis.Name] != nil:
			// It cannot be begun, which ends the Experiment.
			status.Phase = v1alpha1.AnalysisPhaseError
			status.Message = fmt.Sprintf("Failed to create AnalysisRun for analysis '%s': %v",
				analysis.Name, p.Unready[analysis.Name])
		case may && whole:
			status.Phase, status.AnalysisRun = v1alpha1.AnalysisPhasePending, p.runName(analysis.Name)
			p.Begun = append(p.Begun, Run{Name: status.AnalysisRun, Analysis: analysis})
		}
		if status.Phase != before {
			message := fmt.Sprintf("AnalysisRun '%s' transitioned from %s -> %s", analysis.Name, before, status.Phase)
			if status.Message != "" {
				message += ": " + status.Message
			}
			p.tell("AnalysisRun"+string(status.Phase), bad(status.Phase), "%s", message)
		}
	}
}

// analysisStatus returns the status of an analysis, which is added where there is none.
func (p *pass) analysisStatus(name string) *v1alpha1.ExperimentAnalysisRunStatus {
	at := slices.IndexFunc(p.Status.AnalysisRuns,
		func(status v1alpha1.ExperimentAnalysisRunStatus) bool { return status.Name == name })
	if at < 0 {
		at = len(p.Status.AnalysisRuns)
		p.Status.AnalysisRuns = append(p.Status.AnalysisRuns, v1alpha1.ExperimentAnalysisRunStatus{Name: name})
	}
	return &p.Status.AnalysisRuns[at]
}

// runName names an AnalysisRun after its analysis; a number tells apart those that an earlier try has left. One that
// goes on was begun by a pass whose status was not written.
func (p *pass) runName(analysis string) string {
	base := p.Experiment.Name + "-" + analysis
	name := base
	for i := 1; p.Runs[name] != nil && ended(p.Runs[name]); i++ {
		name = fmt.Sprintf("%s.%d", base, i)
	}
	return name
}

// ended says that an AnalysisRun is over, or was asked to be.
func ended(run *v1alpha1.AnalysisRun) bool {
	return ptr.Deref(run.Spec.Terminate, false) || run.Status.Phase.Completed()
}

// follow takes over what an AnalysisRun says.
func (p *pass) follow(status *v1alpha1.ExperimentAnalysisRunStatus) {
	run := p.Runs[status.AnalysisRun]
	switch {
	case run == nil:
		status.Phase = v1alpha1.AnalysisPhaseError
		status.Message = fmt.Sprintf("AnalysisRun %q was deleted before it had come to its end", status.AnalysisRun)
	case run.Status.Phase.Completed() || run.Status.Phase == v1alpha1.AnalysisPhaseRunning:
		status.Phase, status.Message = run.Status.Phase, run.Status.Message
	}
}

// endRuns ends the analyses of an Experiment that comes to its end, and those that no status tells of.
func (p *pass) endRuns() {
	awaited := map[string]bool{}
	if !p.ending() {
		for _, status := range p.Status.AnalysisRuns {
			awaited[status.AnalysisRun] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Runs)) {
		if !awaited[name] && !ended(p.Runs[name]) {
			p.Ended = append(p.Ended, name)
		}
	}
}
