// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// NamedAnalysis is an analysis of a Rollout, and the field that holds it.
type NamedAnalysis struct {
	Field    string
	Analysis *v1alpha1.RolloutAnalysis
}

// AnalysesOf are the analyses that a Rollout may begin.
func AnalysesOf(rollout *v1alpha1.Rollout) []NamedAnalysis {
	var named []NamedAnalysis
	add := func(field string, analysis *v1alpha1.RolloutAnalysis) {
		if analysis != nil {
			named = append(named, NamedAnalysis{Field: field, Analysis: analysis})
		}
	}
	if spec := rollout.Spec.BlueGreen(); spec != nil {
		add("spec.strategy.blueGreen.prePromotionAnalysis", spec.PrePromotionAnalysis)
		add("spec.strategy.blueGreen.postPromotionAnalysis", spec.PostPromotionAnalysis)
	}
	if spec := rollout.Spec.Canary(); spec != nil {
		if spec.Analysis != nil {
			add("spec.strategy.canary.analysis", &spec.Analysis.RolloutAnalysis)
		}
		for i := range spec.Steps {
			add(fmt.Sprintf("spec.strategy.canary.steps[%d].analysis", i), spec.Steps[i].Analysis)
			named = append(named, analysesOfExperiment(i, spec.Steps[i].Experiment)...)
		}
	}
	return named
}

// analysesOfExperiment are those of the Experiment of a step.
func analysesOfExperiment(step int, experiment *v1alpha1.RolloutExperimentStep) []NamedAnalysis {
	if experiment == nil {
		return nil
	}
	var named []NamedAnalysis
	for i, one := range experiment.Analyses {
		named = append(named, NamedAnalysis{
			Field: fmt.Sprintf("spec.strategy.canary.steps[%d].experiment.analyses[%d]", step, i),
			Analysis: &v1alpha1.RolloutAnalysis{
				Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: one.TemplateName, ClusterScope: one.ClusterScope}},
				Args:      one.Args, DryRun: experiment.DryRun,
			},
		})
	}
	return named
}

// Args returns the values that a Rollout gives to an analysis. It fails if a field is not there.
func (f Facts) Args(args []v1alpha1.AnalysisRunArgument) ([]v1alpha1.Argument, error) {
	resolved := make([]v1alpha1.Argument, 0, len(args))
	for _, arg := range args {
		value, err := f.value(arg)
		if err != nil {
			return nil, fmt.Errorf("args[%s]: %w", arg.Name, err)
		}
		resolved = append(resolved, v1alpha1.Argument{Name: arg.Name, Value: &value})
	}
	return resolved, nil
}

func (f Facts) value(arg v1alpha1.AnalysisRunArgument) (string, error) {
	switch from := arg.ValueFrom; {
	case from == nil:
		return arg.Value, nil
	case from.PodTemplateHashValue != nil && *from.PodTemplateHashValue == v1alpha1.PodTemplateHashStable:
		return f.Rollout.Status.StableRS, nil
	case from.PodTemplateHashValue != nil:
		return HashOf(f.New), nil
	case from.FieldRef != nil:
		return fieldOf(f.Rollout, from.FieldRef.FieldPath)
	default:
		return "", nil
	}
}

// fieldOf returns a field of a Rollout by its path, with dots and indexes: spec.template.spec.containers[0].image, or
// metadata.labels['env'].
func fieldOf(rollout *v1alpha1.Rollout, path string) (string, error) {
	tree, err := runtime.DefaultUnstructuredConverter.ToUnstructured(rollout)
	if err != nil {
		return "", fmt.Errorf("read the Rollout: %w", err)
	}
	var at any = tree
	for _, step := range stepsOf(path) {
		if at, err = descend(at, step); err != nil {
			return "", fmt.Errorf("fieldPath %q: %w", path, err)
		}
	}
	switch value := at.(type) {
	case map[string]any, []any:
		return "", fmt.Errorf("fieldPath %q: it is no single value", path)
	default:
		return fmt.Sprint(value), nil
	}
}

// stepsOf are the names and indexes of a path.
func stepsOf(path string) []string {
	var steps []string
	for path != "" {
		path = strings.TrimPrefix(path, ".")
		if strings.HasPrefix(path, "[") {
			if end := strings.Index(path, "]"); end > 0 {
				steps, path = append(steps, strings.Trim(path[1:end], `'"`)), path[end+1:]
				continue
			}
		}
		end := strings.IndexAny(path[min(1, len(path)):], ".[")
		if end < 0 {
			return append(steps, path)
		}
		steps, path = append(steps, path[:end+1]), path[end+1:]
	}
	return steps
}

func descend(at any, step string) (any, error) {
	switch value := at.(type) {
	case map[string]any:
		if inner, has := value[step]; has {
			return inner, nil
		}
	case []any:
		if index, err := strconv.Atoi(step); err == nil && index >= 0 && index < len(value) {
			return value[index], nil
		}
	}
	return nil, fmt.Errorf("there is no %q", step)
}
