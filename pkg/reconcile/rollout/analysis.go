// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// Templates list the templates of analyses.
type Templates struct {
	Namespaced listers.AnalysisTemplateLister
	Cluster    listers.ClusterAnalysisTemplateLister
}

// templates are those that a Rollout can refer to.
type templates struct {
	Templates
	namespace string
}

var _ analysis.Templates = templates{}

// AnalysisTemplate returns the template of a name in the Rollout's namespace.
func (t templates) AnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error) {
	found, err := t.Namespaced.AnalysisTemplates(t.namespace).Get(name)
	if err != nil {
		return nil, err
	}
	return &found.Spec, nil
}

// ClusterAnalysisTemplate returns the cluster's template of a name.
func (t templates) ClusterAnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error) {
	found, err := t.Cluster.Get(name)
	if err != nil {
		return nil, err
	}
	return &found.Spec, nil
}

// checkAnalyses says which analysis of a Rollout cannot be begun, before its turn comes.
func (r *Reconciler) checkAnalyses(facts rollout.Facts) error {
	for _, named := range rollout.AnalysesOf(facts.Rollout) {
		if _, err := r.compose(facts, named.Analysis); err != nil {
			return fmt.Errorf("%s: %w", named.Field, err)
		}
	}
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
	}, templates{r.Templates, facts.Rollout.Namespace})
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
	run.Labels[v1alpha1.LabelPodTemplateHash] = rollout.HashOf(facts.New)
	run.Labels[v1alpha1.LabelRolloutType] = wanted.Kind
	if wanted.Kind == v1alpha1.RolloutTypeStep {
		run.Labels[v1alpha1.LabelStepIndex] = fmt.Sprint(wanted.Step)
	}
	runs := r.Client.ArgoprojV1alpha1().AnalysisRuns(run.Namespace)
	written, err := runs.Create(ctx, run, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		written, err = runs.Get(ctx, run.Name, metav1.GetOptions{})
		if err == nil && (!metav1.IsControlledBy(written, facts.Rollout) ||
			!equality.Semantic.DeepEqual(written.Spec, run.Spec)) {
			err = errors.New("one of somebody else has its name: delete it")
		}
	}
	if err != nil {
		return fmt.Errorf("begin AnalysisRun %s: %w", wanted.Name, err)
	}
	r.fresh.runs.Mutation(written)
	facts.Runs = maps.Clone(facts.Runs)
	facts.Runs[written.Name] = written
	return nil
}

// end asks an AnalysisRun to come to its end.
func (r *Reconciler) end(ctx context.Context, facts *rollout.Facts, name string) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": facts.Runs[name].UID}, "spec": map[string]any{"terminate": true},
	})
	if err != nil {
		return err
	}
	written, err := r.Client.ArgoprojV1alpha1().AnalysisRuns(facts.Rollout.Namespace).
		Patch(ctx, name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("end AnalysisRun %s: %w", name, err)
	}
	r.fresh.runs.Mutation(written)
	facts.Runs = maps.Clone(facts.Runs)
	facts.Runs[name] = written
	return nil
}
