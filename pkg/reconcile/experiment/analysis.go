// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/experiment"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
)

// compose returns what an AnalysisRun measures.
func (r *Reconciler) compose(facts experiment.Facts, run experiment.Run) (v1alpha1.AnalysisRunSpec, error) {
	args, err := facts.Args(run.Analysis.Args)
	if err != nil {
		return v1alpha1.AnalysisRunSpec{}, err
	}
	spec := &facts.Experiment.Spec
	return analysis.Compose(analysis.Request{
		Templates: []v1alpha1.AnalysisTemplateRef{
			{TemplateName: run.Analysis.TemplateName, ClusterScope: run.Analysis.ClusterScope},
		},
		Args: args, DryRun: spec.DryRun, MeasurementRetention: spec.MeasurementRetention,
	}, r.Templates.In(facts.Experiment.Namespace, experiment.ClusterOf(facts.Experiment)))
}

// begin makes an AnalysisRun.
func (r *Reconciler) begin(
	ctx context.Context, facts *experiment.Facts, decision experiment.Decision, wanted experiment.Run,
) error {
	spec, err := r.compose(facts.After(decision.Status), wanted)
	if err != nil {
		return err
	}
	object := facts.Experiment
	run := &v1alpha1.AnalysisRun{
		ObjectMeta: metav1.ObjectMeta{
			Name: wanted.Name, Namespace: object.Namespace, Labels: map[string]string{}, Annotations: map[string]string{},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(object, v1alpha1.SchemeGroupVersion.WithKind(Kind)),
			},
		},
		Spec: spec,
	}
	if given := object.Spec.AnalysisRunMetadata; given != nil {
		maps.Copy(run.Labels, given.Labels)
		maps.Copy(run.Annotations, given.Annotations)
	}
	stored, err := analyses.Begin(ctx, r.Client.ArgoprojV1alpha1(), object, run)
	if err != nil {
		return err
	}
	r.take(facts, stored)
	return nil
}

// end asks an AnalysisRun to come to its end.
func (r *Reconciler) end(ctx context.Context, facts *experiment.Facts, name string) error {
	stored, err := analyses.End(ctx, r.Client.ArgoprojV1alpha1(), facts.Runs[name])
	if err != nil {
		return err
	}
	r.take(facts, stored)
	return nil
}

// take puts an AnalysisRun as it was written into the facts.
func (r *Reconciler) take(facts *experiment.Facts, run *v1alpha1.AnalysisRun) {
	r.runs.Mutation(run)
	facts.Runs = maps.Clone(facts.Runs)
	facts.Runs[run.Name] = run
}
