// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// begin starts over where the template or the steps are other ones than the status tells of.
func (p *pass) begin() {
	hash, steps := HashOf(p.New), stepHash(p.steps())
	sameTemplate := p.Status.CurrentPodHash == hash
	if sameTemplate && p.Status.CurrentStepHash == steps {
		return
	}
	p.Status.CurrentPodHash, p.Status.CurrentStepHash = hash, steps
	// The time in which there must be progress begins anew.
	p.progressed = true
	p.resumeAll()
	p.Status.Abort, p.Status.AbortedAt, p.Status.PromoteFull = false, nil, false
	p.Status.Canary.CurrentStepAnalysisRunStatus, p.Status.Canary.CurrentBackgroundAnalysisRunStatus = nil, nil
	p.Status.Canary.CurrentExperiment, p.Status.Canary.StepPluginStatuses = "", nil
	p.Status.BlueGreen.PrePromotionAnalysisRunStatus, p.Status.BlueGreen.PostPromotionAnalysisRunStatus = nil, nil
	p.Status.BlueGreen.ScaleUpPreviewCheckPoint = false
	if !sameTemplate {
		p.Status.RestartedAt = p.Rollout.Spec.RestartAt.DeepCopy()
		p.started()
	}
	p.jump(0)
	switch {
	case p.promoted():
		p.jump(len(p.steps()))
		if !sameTemplate {
			p.tell(reasonSkipSteps, "Rollback to stable ReplicaSets")
		}
	case p.withinWindow() && sizeOf(p.New).Spec > 0:
		p.jump(len(p.steps()))
		p.tell(reasonSkipSteps, "Rollback within the rollback window")
	}
}

// started begins to measure how long an update takes.
func (p *pass) started() {
	if p.Status.StableRS == "" {
		return
	}
	p.Status.Duration = &v1alpha1.RolloutDuration{RolloutStartedAt: new(metav1.NewTime(p.Now))}
}

// withinWindow says that the new revision is an older one that the rollback window reaches: it skips the steps.
func (p *pass) withinWindow() bool {
	window := p.Rollout.Spec.RollbackWindow
	if window == nil || window.Revisions == nil || p.New == nil {
		return false
	}
	stable := p.find(p.Status.StableRS)
	if stable == nil || !older(p.New, stable) {
		return false
	}
	between := int32(0)
	for _, set := range p.Sets {
		if set.Annotations[v1alpha1.AnnotationExperimentName] == "" && older(p.New, set) && older(set, stable) {
			between++
		}
	}
	return between < *window.Revisions
}

// older says that a ReplicaSet was made before another.
func older(a, b *appsv1.ReplicaSet) bool { return a.CreationTimestamp.Before(&b.CreationTimestamp) }

// find returns the ReplicaSet of a pod template hash, nil where there is none.
func (p *pass) find(hash string) *appsv1.ReplicaSet {
	for _, set := range p.Sets {
		if hash != "" && HashOf(set) == hash {
			return set
		}
	}
	return nil
}

// stepHash names a list of steps; no steps have no name.
func stepHash(steps []v1alpha1.CanaryStep) string {
	if len(steps) == 0 {
		return ""
	}
	return nameOf(steps)
}
