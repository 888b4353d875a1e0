// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"errors"
	"fmt"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// mostTemplates is how many templates one analysis may be made of, nested ones included.
const mostTemplates = 100

// Templates finds the templates that others refer to.
type Templates interface {
	// AnalysisTemplate returns the template of a name in the namespace of the analysis.
	AnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error)
	// ClusterAnalysisTemplate returns the cluster's template of a name.
	ClusterAnalysisTemplate(name string) (*v1alpha1.AnalysisTemplateSpec, error)
}

// Request is what the caller of templates adds to them.
type Request struct {
	// Templates are the templates to measure.
	Templates []v1alpha1.AnalysisTemplateRef
	// Args override the arguments that a template declares; others are ignored.
	Args []v1alpha1.Argument
	// DryRun and MeasurementRetention are added to those of the templates.
	DryRun               []v1alpha1.DryRun
	MeasurementRetention []v1alpha1.MeasurementRetention
}

// Compose returns the specification of a run of templates. It fails if a template is missing, refers to itself, or
// contradicts another, and if an argument has no value.
func Compose(request Request, from Templates) (v1alpha1.AnalysisRunSpec, error) {
	found := &collection{from: from}
	for _, ref := range request.Templates {
		if err := found.add(ref); err != nil {
			return v1alpha1.AnalysisRunSpec{}, err
		}
	}
	return merge(request, found.specs)
}

// collection is the templates that were found, each once, those that refer to others before them.
type collection struct {
	from  Templates
	specs []*v1alpha1.AnalysisTemplateSpec
	done  []reference
	path  []reference
}

// reference is an AnalysisTemplateRef that can be compared.
type reference struct {
	name    string
	cluster bool
}

func (r reference) String() string {
	if r.cluster {
		return fmt.Sprintf("ClusterAnalysisTemplate %q", r.name)
	}
	return fmt.Sprintf("AnalysisTemplate %q", r.name)
}

// add finds a template and all that it refers to.
func (c *collection) add(ref v1alpha1.AnalysisTemplateRef) error {
	wanted := reference{ref.TemplateName, ref.ClusterScope != nil && *ref.ClusterScope}
	if slices.Contains(c.path, wanted) {
		return fmt.Errorf("%s refers to itself: take it out of spec.templates of %s", wanted, c.path[len(c.path)-1])
	}
	if slices.Contains(c.done, wanted) {
		return nil
	}
	if len(c.done) == mostTemplates {
		return fmt.Errorf("more than %d templates make up the analysis: refer to fewer", mostTemplates)
	}
	c.done = append(c.done, wanted)
	spec, err := c.find(wanted)
	if err != nil {
		return err
	}
	c.specs = append(c.specs, spec)
	c.path = append(c.path, wanted)
	for _, nested := range spec.Templates {
		if err := c.add(nested); err != nil {
			return err
		}
	}
	c.path = c.path[:len(c.path)-1]
	return nil
}

func (c *collection) find(wanted reference) (*v1alpha1.AnalysisTemplateSpec, error) {
	find := c.from.AnalysisTemplate
	if wanted.cluster {
		find = c.from.ClusterAnalysisTemplate
	}
	spec, err := find(wanted.name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", wanted, err)
	}
	if spec == nil {
		return nil, fmt.Errorf("read %s: %w", wanted, errNoTemplate)
	}
	return spec, nil
}

var errNoTemplate = errors.New("it is not there")
