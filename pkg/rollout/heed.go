// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// heed does what clients asked for in the status: to abort, to retry, to promote at once, to go on.
func (p *pass) heed() {
	if p.promoted() {
		// There is nothing to take back and nothing to skip.
		p.Status.Abort, p.Status.AbortedAt, p.Status.PromoteFull = false, nil, false
	}
	switch {
	case p.Status.Abort && p.Status.PromoteFull && p.Status.AbortedAt != nil:
		p.Status.Abort = false
		p.retry()
	case p.Status.Abort:
		p.abort("")
	case p.Status.AbortedAt != nil:
		p.retry()
	}
	if len(p.Status.PauseConditions) == 0 && p.Status.ControllerPause && !p.atPause() {
		p.Status.ControllerPause = false
	}
}

// atPause says that the present step, or the place before the switch, may be a wait that a client ended.
func (p *pass) atPause() bool {
	if p.Rollout.Spec.BlueGreen() != nil {
		return !p.promoted()
	}
	steps, index := p.steps(), int(p.index())
	return index < len(steps) && (steps[index].Pause != nil || steps[index].Experiment != nil)
}

// abort takes the update back, with a reason where the controller has one.
func (p *pass) abort(why string) {
	p.Status.Abort, p.Status.PromoteFull = true, false
	p.resumeAll()
	if p.Status.AbortedAt == nil {
		p.Status.AbortedAt = new(metav1.NewTime(p.Now))
		p.setAborted(why)
		p.finish(v1alpha1.RolloutAborted)
	}
	p.jump(0)
}

// retry starts an aborted update over.
func (p *pass) retry() {
	p.Status.AbortedAt = nil
	// Its pods are not on their way out any more, which would let it through as one that people know.
	delete(p.deadlines, p.New)
	p.Status.Canary.CurrentStepAnalysisRunStatus, p.Status.Canary.CurrentBackgroundAnalysisRunStatus = nil, nil
	p.Status.Canary.CurrentExperiment = ""
	p.Status.BlueGreen.PrePromotionAnalysisRunStatus, p.Status.BlueGreen.PostPromotionAnalysisRunStatus = nil, nil
	p.Status.BlueGreen.ScaleUpPreviewCheckPoint = false
	p.jump(0)
	p.setProgressing(progressing{status: metav1.ConditionUnknown, reason: reasonRetry,
		message: "Retrying Rollout after abort"})
	p.tell(reasonRetry, "Retrying Rollout after abort")
	p.started()
}
