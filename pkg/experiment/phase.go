// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// judge writes the phase that templates and analyses amount to.
func (p *pass) judge() {
	templates, why := p.worstTemplate()
	analyses, found := p.worstAnalysis()
	required, proven := p.required()
	switch {
	case bad(templates):
		p.Status.Phase, p.Status.Message = templates, why
	case bad(analyses):
		p.Status.Phase, p.Status.Message = analyses, found
	case proven:
		p.Status.Phase, p.Status.Message = v1alpha1.AnalysisPhaseSuccessful, "Required AnalysisRuns completed"
	case templates == v1alpha1.AnalysisPhaseSuccessful && required && !analyses.Completed():
		// Its time is over, but not that of the analyses that have to be completed.
		p.Status.Phase, p.Status.Message = v1alpha1.AnalysisPhaseRunning, found
	case templates == v1alpha1.AnalysisPhaseSuccessful && p.skipped() != "":
		p.Status.Phase = v1alpha1.AnalysisPhaseInconclusive
		p.Status.Message = fmt.Sprintf("Required analysis '%s' did not run", p.skipped())
	default:
		p.Status.Phase, p.Status.Message = templates, why
	}
}

// worstTemplate is the phase of the template that is worst, and why.
func (p *pass) worstTemplate() (v1alpha1.AnalysisPhase, string) {
	phases := []struct {
		code  v1alpha1.TemplateStatusCode
		phase v1alpha1.AnalysisPhase
	}{
		{v1alpha1.TemplateStatusFailed, v1alpha1.AnalysisPhaseFailed},
		{v1alpha1.TemplateStatusError, v1alpha1.AnalysisPhaseError},
		{v1alpha1.TemplateStatusProgressing, v1alpha1.AnalysisPhasePending},
		{v1alpha1.TemplateStatusRunning, v1alpha1.AnalysisPhaseRunning},
	}
	for _, worst := range phases {
		at := slices.IndexFunc(p.Status.TemplateStatuses,
			func(status v1alpha1.TemplateStatus) bool { return status.Status == worst.code })
		if at >= 0 {
			return worst.phase, p.Status.TemplateStatuses[at].Message
		}
	}
	return v1alpha1.AnalysisPhaseSuccessful, ""
}

// worstAnalysis is the phase of the analysis that is worst, and why. One that never began says nothing.
func (p *pass) worstAnalysis() (v1alpha1.AnalysisPhase, string) {
	phase, message := v1alpha1.AnalysisPhaseSuccessful, ""
	for _, status := range p.Status.AnalysisRuns {
		if analysis.Worse(phase, status.Phase) {
			phase, message = status.Phase, status.Message
		}
	}
	return phase, message
}

// required says whether there are analyses that have to be completed, and whether all of them were successful.
func (p *pass) required() (some, proven bool) {
	proven = true
	for _, one := range p.Experiment.Spec.Analyses {
		if ptr.Deref(one.RequiredForCompletion, false) {
			some = true
			proven = proven && p.analysisStatus(one.Name).Phase == v1alpha1.AnalysisPhaseSuccessful
		}
	}
	return some, some && proven
}

// skipped names a required analysis that never began, "" where there is none. To end an Experiment before must not pass
// for what it would have found.
func (p *pass) skipped() string {
	for _, one := range p.Experiment.Spec.Analyses {
		if ptr.Deref(one.RequiredForCompletion, false) && p.analysisStatus(one.Name).Phase == "" {
			return one.Name
		}
	}
	return ""
}
