// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// blueGreen decides how a blue-green Rollout goes on.
func (p *pass) blueGreen() {
	spec, active := p.Rollout.Spec.BlueGreen(), p.active()
	// It may have been a canary before.
	p.Status.Canary.Weights = nil
	if p.Status.PromoteFull || p.withinWindow() {
		p.resumeAll()
	}
	if p.Status.StableRS == "" {
		p.promote("Initial deploy")
	}
	if !p.halted() {
		p.choose(spec.PreviewService, p.New)
		p.Status.BlueGreen.PreviewSelector = HashOf(p.New)
	}
	switch {
	case p.Status.Abort:
		p.choose(spec.ActiveService, p.stable)
		active = HashOf(p.stable)
	case !p.halted() && p.mayBecomeActive(active):
		p.choose(spec.ActiveService, p.New)
		active = HashOf(p.New)
	}
	p.Status.BlueGreen.ActiveSelector = active
	if why := p.proven(active); why != "" {
		p.promote(why)
	}
	p.scaleBlueGreen(active)
}

// active is the pod template hash that the active Service selects.
func (p *pass) active() string {
	service := p.Services[p.Rollout.Spec.BlueGreen().ActiveService]
	if service == nil {
		return ""
	}
	return service.Spec.Selector[v1alpha1.LabelPodTemplateHash]
}

// fastTracked says that nothing stands between the new revision and the active Service.
func (p *pass) fastTracked(active string) bool {
	return active == "" || active == HashOf(p.New) || p.Status.PromoteFull || p.fastRollback()
}

// fastRollback says that the new revision is one that people know: the stable one, one within the rollback window, or
// one whose pods were not scaled down yet.
func (p *pass) fastRollback() bool {
	deadline, has := p.deadlines[p.New]
	return p.New == p.stable || p.withinWindow() || has && p.Now.Before(deadline)
}

// mayBecomeActive says that the active Service can select the new pods: they are all there, the analysis before the
// switch succeeded, and nobody has to be waited for.
func (p *pass) mayBecomeActive(active string) bool {
	fast := p.fastTracked(active)
	if !fast && !p.previewed() {
		return false
	}
	size := sizeOf(p.New)
	return size.Spec == Replicas(p.Rollout) && size.Available == size.Spec
}

// previewed goes through what comes before the switch, and says whether it is over.
func (p *pass) previewed() bool {
	spec := p.Rollout.Spec.BlueGreen()
	if p.Status.BlueGreen.ScaleUpPreviewCheckPoint {
		return true
	}
	if size := sizeOf(p.New); size.Available < size.Spec || size.Spec < p.previewSize() {
		return false
	}
	if spec.PrePromotionAnalysis != nil && p.measure(v1alpha1.RolloutTypePrePromotion, "-pre", 0,
		spec.PrePromotionAnalysis, &p.Status.BlueGreen.PrePromotionAnalysisRunStatus) != v1alpha1.AnalysisPhaseSuccessful {
		// Who let another analysis begin did not say yes to the switch.
		p.Status.ControllerPause = len(p.Status.PauseConditions) > 0
		return false
	}
	if !p.released() {
		return false
	}
	p.resume(v1alpha1.PauseReasonBlueGreenPause)
	p.Status.BlueGreen.ScaleUpPreviewCheckPoint = true
	p.progressed = true
	return true
}

// released says that the wait before the switch is over, and begins it where there is one.
func (p *pass) released() bool {
	spec := p.Rollout.Spec.BlueGreen()
	wait := seconds(or(spec.AutoPromotionSeconds, 0))
	automatic := or(spec.AutoPromotionEnabled, true)
	if automatic && wait == 0 || p.Status.ControllerPause && len(p.Status.PauseConditions) == 0 {
		return true
	}
	p.pause(v1alpha1.PauseReasonBlueGreenPause)
	since, _ := p.paused(v1alpha1.PauseReasonBlueGreenPause)
	if wait == 0 {
		return false
	}
	if end := since.Add(wait); p.Now.Before(end) {
		p.wake(end)
		return false
	}
	return true
}

// proven returns why the new revision becomes the stable one, "" where it does not yet.
func (p *pass) proven(active string) string {
	spec := p.Rollout.Spec.BlueGreen()
	switch {
	case p.promoted() || p.Status.Abort || active != p.Status.CurrentPodHash || p.active() != active:
		return ""
	case p.Status.PromoteFull:
		return "Full promotion requested"
	case p.fastRollback():
		return "Rollback"
	case spec.PostPromotionAnalysis == nil:
		return "Completed blue-green update"
	case p.halted():
		return ""
	}
	if p.measure(v1alpha1.RolloutTypePostPromotion, "-post", 0, spec.PostPromotionAnalysis,
		&p.Status.BlueGreen.PostPromotionAnalysisRunStatus) != v1alpha1.AnalysisPhaseSuccessful {
		return ""
	}
	return "Completed blue-green update"
}

// scaleBlueGreen decides the sizes of the sets.
func (p *pass) scaleBlueGreen(active string) {
	if p.halted() {
		return
	}
	desired := Replicas(p.Rollout)
	if stable := p.distinctStable(); stable != nil {
		p.size(stable, desired)
		delete(p.deadlines, stable)
	}
	switch {
	case p.Status.Abort:
		p.keepAborted()
	case p.fastTracked(active) || p.Status.BlueGreen.ScaleUpPreviewCheckPoint:
		p.size(p.New, desired)
		delete(p.deadlines, p.New)
	default:
		p.size(p.New, p.previewSize())
		delete(p.deadlines, p.New)
	}
	if p.promoted() || p.Rollout.Spec.BlueGreen().ScaleDownDelaySeconds != nil || !p.proving(active) {
		p.retire()
	}
}

// previewSize is the number of new pods before the switch.
func (p *pass) previewSize() int32 {
	return or(p.Rollout.Spec.BlueGreen().PreviewReplicaCount, Replicas(p.Rollout))
}

// proving says that the new revision is active and under analysis: the old pods may be needed at once.
func (p *pass) proving(active string) bool {
	return active == p.Status.CurrentPodHash && !p.promoted()
}

// activeSet is the set that the active Service selects, else the stable one.
func (p *pass) activeSet() *appsv1.ReplicaSet {
	if set := p.find(p.active()); set != nil {
		return set
	}
	return p.stable
}
