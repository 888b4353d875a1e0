// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/valyala/fasttemplate"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// Args returns the values that an Experiment gives to an analysis. {{templates.NAME.podTemplateHash}} and
// {{templates.NAME.replicaset.name}} stand for what a template became, {{experiment.availableAt}} and
// {{experiment.finishedAt}} for times. It fails if one of them is not known.
func (f Facts) Args(args []v1alpha1.Argument) ([]v1alpha1.Argument, error) {
	resolved := make([]v1alpha1.Argument, len(args))
	for i, arg := range args {
		resolved[i] = arg
		if arg.Value == nil {
			continue
		}
		value, err := f.fill(*arg.Value)
		if err != nil {
			return nil, fmt.Errorf("args[%s]: %w", arg.Name, err)
		}
		resolved[i].Value = &value
	}
	return resolved, nil
}

// fill replaces each {{name}} in a text.
func (f Facts) fill(text string) (string, error) {
	template, err := fasttemplate.NewTemplate(text, "{{", "}}")
	if err != nil {
		return "", fmt.Errorf("read %q: %w", text, err)
	}
	return template.ExecuteFuncStringWithErr(func(out io.Writer, tag string) (int, error) {
		value, known := f.lookUp(strings.TrimSpace(tag))
		if !known {
			return 0, fmt.Errorf("failed to resolve {{%s}}", tag)
		}
		return io.WriteString(out, value)
	})
}

// lookUp returns what a name stands for.
func (f Facts) lookUp(name string) (string, bool) {
	switch name {
	case "experiment.availableAt":
		if at := f.Experiment.Status.AvailableAt; at != nil {
			return at.Format(time.RFC3339), true
		}
	case "experiment.finishedAt":
		if at, limited := endOf(f.Experiment, &f.Experiment.Status); limited {
			return at.Format(time.RFC3339), true
		}
	}
	template, isTemplate := strings.CutPrefix(name, "templates.")
	if of, asked := strings.CutSuffix(template, ".podTemplateHash"); isTemplate && asked {
		set := f.setOf(of)
		return rollout.HashOf(set), set != nil
	}
	if of, asked := strings.CutSuffix(template, ".replicaset.name"); isTemplate && asked && f.setOf(of) != nil {
		return f.setOf(of).Name, true
	}
	return "", false
}
