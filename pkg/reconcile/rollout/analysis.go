// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// checkAnalyses says which analysis of a Rollout cannot be begun, before its turn comes. It looks again only where the
// Rollout or a template has changed.
func (r *Reconciler) checkAnalyses(facts rollout.Facts) error {
	key := types.NamespacedName{Namespace: facts.Rollout.Namespace, Name: facts.Rollout.Name}
	now := r.checked.now(facts.Rollout)
	if r.checked.holds(key, now) {
		return nil
	}
	for _, named := range rollout.AnalysesOf(facts.Rollout) {
		if _, err := r.compose(facts, named.Analysis); err != nil {
			return fmt.Errorf("%s: %w", named.Field, err)
		}
	}
	r.checked.hold(key, now)
	return nil
}

// compose returns what an AnalysisRun measures.
func (r *Reconciler) compose(
	facts rollout.Facts, wanted *v1alpha1.RolloutAnalysis,
) (v1alpha1.AnalysisRunSpec, error) {
	args, err := facts.Args(wanted.Args)
	if err != nil {
		return v1alpha1.AnalysisRunSpec{}, err
	}
	return analysis.Compose(analysis.Request{
		Templates: wanted.Templates, Args: args,
		DryRun: wanted.DryRun, MeasurementRetention: wanted.MeasurementRetention,
	}, r.Templates.In(facts.Rollout.Namespace, rollout.ClusterOf(facts.Rollout)))
}

// begin makes an AnalysisRun.
func (r *Reconciler) begin(ctx context.Context, facts *rollout.Facts, wanted rollout.Run) error {
	spec, err := r.compose(*facts, wanted.Analysis)
	if err != nil {
		return fmt.Errorf("begin AnalysisRun %s: %w", wanted.Name, err)
	}
	run := &v1alpha1.AnalysisRun{
		ObjectMeta: metav1.ObjectMeta{
			Name: wanted.Name, Namespace: facts.Rollout.Namespace, Labels: map[string]string{},
			Annotations: map[string]string{v1alpha1.AnnotationRevision: fmt.Sprint(rollout.RevisionOf(facts.New))},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(facts.Rollout, v1alpha1.SchemeGroupVersion.WithKind(kind)),
			},
		},
		Spec: spec,
	}
	if given := wanted.Analysis.AnalysisRunMetadata; given != nil {
		maps.Copy(run.Labels, given.Labels)
		maps.Copy(run.Annotations, given.Annotations)
	}
	run.Annotations[v1alpha1.AnnotationAsked] = wanted.Asked()
	run.Labels[v1alpha1.LabelPodTemplateHash] = rollout.HashOf(facts.New)
	run.Labels[v1alpha1.LabelRolloutType] = wanted.Kind
	if wanted.Kind == v1alpha1.RolloutTypeStep {
		run.Labels[v1alpha1.LabelStepIndex] = fmt.Sprint(wanted.Step)
	}
	written, err := analyses.Begin(ctx, r.Client.ArgoprojV1alpha1(), facts.Rollout, run)
	if err != nil {
		return err
	}
	r.fresh.runs.Mutation(written)
	facts.Runs = maps.Clone(facts.Runs)
	facts.Runs[written.Name] = written
	return nil
}

// end asks an AnalysisRun to come to its end.
func (r *Reconciler) end(ctx context.Context, facts *rollout.Facts, name string) error {
	written, err := analyses.End(ctx, r.Client.ArgoprojV1alpha1(), facts.Runs[name])
	if err != nil {
		return err
	}
	r.fresh.runs.Mutation(written)
	facts.Runs = maps.Clone(facts.Runs)
	facts.Runs[name] = written
	return nil
}
