// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package analyses begins and ends the AnalysisRuns of those who wait for what they find: Rollouts and Experiments.
package analyses

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

// Templates list the templates of analyses.
type Templates struct {
	Namespaced listers.AnalysisTemplateLister
	Cluster    listers.ClusterAnalysisTemplateLister
}

// In returns the templates that an analysis of a namespace can refer to, whose Jobs run in a registered cluster; "" is
// the cluster of the analysis itself.
func (t Templates) In(namespace, cluster string) analysis.Templates {
	return templates{t, namespace, cluster}
}

type templates struct {
	Templates
	namespace string
	cluster   string
}

// AnalysisTemplate returns the template of a name in the namespace.
func (t templates) AnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error) {
	found, err := t.Namespaced.AnalysisTemplates(t.namespace).Get(name)
	if err != nil {
		return nil, err
	}
	return t.allowed(found, &found.Spec)
}

// ClusterAnalysisTemplate returns the cluster's template of a name.
func (t templates) ClusterAnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error) {
	found, err := t.Cluster.Get(name)
	if err != nil {
		return nil, err
	}
	return t.allowed(found, &found.Spec)
}

// allowed refuses a template whose Jobs would run in another cluster without being written for it: the right to use
// that cluster was asked for where the template was written.
func (t templates) allowed(
	template metav1.Object, spec *v1alpha1.AnalysisTemplateSpec,
) (*v1alpha1.AnalysisTemplateSpec, error) {
	runsJobs := slices.ContainsFunc(spec.Metrics, func(m v1alpha1.Metric) bool {
		return m.Provider != nil && m.Provider.Job != nil
	})
	if t.cluster == "" || !runsJobs || template.GetAnnotations()[v1alpha1.AnnotationCluster] == t.cluster {
		return spec, nil
	}
	return nil, fmt.Errorf("its Jobs run in cluster %q, for which it is not written: give template %s the annotation "+
		"%s: %s", t.cluster, template.GetName(), v1alpha1.AnnotationCluster, t.cluster)
}
