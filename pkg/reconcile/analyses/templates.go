// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package analyses begins and ends the AnalysisRuns of those who wait for what they find: Rollouts and Experiments.
package analyses

import (
	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

// Templates list the templates of analyses.
type Templates struct {
	Namespaced listers.AnalysisTemplateLister
	Cluster    listers.ClusterAnalysisTemplateLister
}

// In returns the templates that an analysis of a namespace can refer to.
func (t Templates) In(namespace string) analysis.Templates { return templates{t, namespace} }

type templates struct {
	Templates
	namespace string
}

// AnalysisTemplate returns the template of a name in the namespace.
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
