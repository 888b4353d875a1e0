// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Experiment returns the Experiment to make. Its pods are those of the revisions, without what a Rollout adds to them.
// It has none of the Rollout's labels: no Application manages it. It fails if an argument is a field that is not there.
func (f Facts) Experiment(trial Trial) (*v1alpha1.Experiment, error) {
	step := trial.Step
	experiment := &v1alpha1.Experiment{
		ObjectMeta: metav1.ObjectMeta{
			Name: trial.Name, Namespace: f.Rollout.Namespace,
			Labels: map[string]string{v1alpha1.LabelPodTemplateHash: HashOf(f.New)},
			Annotations: map[string]string{
				v1alpha1.AnnotationRevision: fmt.Sprint(RevisionOf(f.New)), v1alpha1.AnnotationAsked: trial.Asked(),
			},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(f.Rollout, v1alpha1.SchemeGroupVersion.WithKind("Rollout")),
			},
		},
		Spec: v1alpha1.ExperimentSpec{
			Duration: step.Duration, ProgressDeadlineSeconds: f.Rollout.Spec.ProgressDeadlineSeconds, DryRun: step.DryRun,
			AnalysisRunMetadata: step.AnalysisRunMetadata, ScaleDownDelaySeconds: step.ScaleDownDelaySeconds,
		},
	}
	if cluster := ClusterOf(f.Rollout); cluster != "" {
		experiment.Annotations[v1alpha1.AnnotationCluster] = cluster
	}
	for _, template := range step.Templates {
		spec, err := f.templateOf(template)
		if err != nil {
			return nil, fmt.Errorf("templates[%s]: %w", template.Name, err)
		}
		experiment.Spec.Templates = append(experiment.Spec.Templates, spec)
	}
	for _, analysis := range step.Analyses {
		args, err := f.Args(analysis.Args)
		if err != nil {
			return nil, fmt.Errorf("analyses[%s]: %w", analysis.Name, err)
		}
		experiment.Spec.Analyses = append(experiment.Spec.Analyses, v1alpha1.ExperimentAnalysisTemplateRef{
			Name: analysis.Name, TemplateName: analysis.TemplateName, ClusterScope: analysis.ClusterScope, Args: args,
			RequiredForCompletion: analysis.RequiredForCompletion,
		})
	}
	return experiment, nil
}

// templateOf returns the pods of a revision as a template of an Experiment.
func (f Facts) templateOf(wanted v1alpha1.RolloutExperimentTemplate) (v1alpha1.TemplateSpec, error) {
	set := f.New
	if wanted.SpecRef == v1alpha1.StableSpecRef {
		set = f.stableSet()
	}
	if set == nil {
		return v1alpha1.TemplateSpec{}, fmt.Errorf("the %s revision has no ReplicaSet", wanted.SpecRef)
	}
	pods := bare(&set.Spec.Template, EphemeralOf(set))
	selector := wanted.Selector.DeepCopy()
	if selector == nil {
		selector = set.Spec.Selector.DeepCopy()
		delete(selector.MatchLabels, v1alpha1.LabelPodTemplateHash)
	}
	if metadata := wanted.Metadata; metadata != nil {
		pods.Labels, pods.Annotations = both(pods.Labels, metadata.Labels), both(pods.Annotations, metadata.Annotations)
		selector.MatchLabels = both(selector.MatchLabels, metadata.Labels)
	}
	template, err := v1alpha1.NewPodTemplateSpec(pods)
	if err != nil {
		return v1alpha1.TemplateSpec{}, err
	}
	spec := v1alpha1.TemplateSpec{
		Name: wanted.Name, Replicas: wanted.Replicas, MinReadySeconds: new(set.Spec.MinReadySeconds), Selector: selector,
		Template: template, Service: wanted.Service.DeepCopy(),
	}
	if spec.Service == nil && wanted.Weight != nil {
		spec.Service = &v1alpha1.TemplateService{}
	}
	return spec, nil
}

// stableSet is the ReplicaSet of the stable revision, nil where there is none.
func (f Facts) stableSet() *appsv1.ReplicaSet {
	for _, set := range f.Sets {
		if hash := HashOf(set); hash != "" && hash == f.Rollout.Status.StableRS {
			return set
		}
	}
	return nil
}

// both returns values with more.
func both(values, more map[string]string) map[string]string {
	together := map[string]string{}
	maps.Copy(together, values)
	maps.Copy(together, more)
	return together
}
