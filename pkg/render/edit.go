// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/api/pkg/util"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// edit changes a kustomization as the options of an Application say, each with the result of
// the kustomize edit command that Argo CD runs for it.
type edit struct {
	options       v1alpha1.ApplicationSourceKustomize
	kustomization *types.Kustomization
	variable      func(string) string
	exists        func(component string) bool
}

func (e *edit) run() error {
	if e.options.NamePrefix != "" {
		e.kustomization.NamePrefix = e.options.NamePrefix
	}
	if e.options.NameSuffix != "" {
		e.kustomization.NameSuffix = e.options.NameSuffix
	}
	if e.options.Namespace != "" {
		e.kustomization.Namespace = e.options.Namespace
	}
	for _, step := range []func() error{e.images, e.replicas, e.labels, e.annotations, e.patches} {
		if err := step(); err != nil {
			return err
		}
	}
	e.components()
	return nil
}

// keep is what stands for "as the kustomization has it" in a part of an image.
const keep = "*"

func (e *edit) images() error {
	if len(e.options.Images) == 0 {
		return nil
	}
	byName := map[string]types.Image{}
	for _, option := range e.options.Images {
		image, err := parseImage(substitute(string(option), e.variable))
		if err != nil {
			return err
		}
		byName[image.Name] = image
	}
	for _, current := range e.kustomization.Images {
		wanted, has := byName[current.Name]
		if !has {
			wanted = current
		}
		byName[current.Name] = types.Image{
			Name:    current.Name,
			NewName: kept(wanted.NewName, current.NewName),
			NewTag:  kept(wanted.NewTag, current.NewTag),
			Digest:  kept(wanted.Digest, current.Digest),
		}
	}
	e.kustomization.Images = nil
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		image := byName[name]
		image.NewName, image.NewTag = kept(image.NewName, ""), kept(image.NewTag, "")
		image.Digest = kept(image.Digest, "")
		e.kustomization.Images = append(e.kustomization.Images, image)
	}
	return nil
}

func kept(wanted, current string) string {
	if wanted == keep {
		return current
	}
	return wanted
}

// parseImage reads [old=]new[:tag][@digest].
func parseImage(text string) (types.Image, error) {
	old, value, renamed := strings.Cut(text, "=")
	if !renamed {
		value = text
	}
	name, tag, digest := util.SplitImageName(value)
	switch {
	case !renamed && name == text:
		return types.Image{}, fault(ReasonInvalid, "",
			"spec.source.kustomize.images: %q must have the form [old=]new[:tag][@digest]", text)
	case renamed:
		return types.Image{Name: old, NewName: name, NewTag: tag, Digest: digest}, nil
	}
	return types.Image{Name: name, NewTag: tag, Digest: digest}, nil
}

func (e *edit) replicas() error {
	if len(e.options.Replicas) == 0 {
		return nil
	}
	byName := map[string]types.Replica{}
	for _, current := range e.kustomization.Replicas {
		byName[current.Name] = current
	}
	for _, option := range e.options.Replicas {
		count, err := countOf(option.Count)
		if err != nil {
			return fault(ReasonInvalid, "",
				"spec.source.kustomize.replicas: the count of %q must be a whole number", option.Name)
		}
		byName[option.Name] = types.Replica{Name: option.Name, Count: count}
	}
	e.kustomization.Replicas = nil
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		e.kustomization.Replicas = append(e.kustomization.Replicas, byName[name])
	}
	return nil
}

func countOf(count intstr.IntOrString) (int64, error) {
	if count.Type == intstr.String {
		return strconv.ParseInt(count.StrVal, 10, 64)
	}
	return int64(count.IntVal), nil
}

func (e *edit) labels() error {
	if len(e.options.CommonLabels) == 0 {
		return nil
	}
	templates := isTrue(e.options.LabelIncludeTemplates)
	if templates && !isTrue(e.options.LabelWithoutSelector) {
		return fault(ReasonInvalid, "",
			"spec.source.kustomize.labelIncludeTemplates needs labelWithoutSelector to be true as well")
	}
	labels := map[string]string{}
	for name, value := range e.options.CommonLabels {
		labels[name] = substitute(value, e.variable)
	}
	force := isTrue(e.options.ForceCommonLabels)
	if !isTrue(e.options.LabelWithoutSelector) {
		return merge("Labels", &e.kustomization.CommonLabels, labels, force)
	}
	for i := range e.kustomization.Labels {
		existing := &e.kustomization.Labels[i]
		if !existing.IncludeSelectors && existing.IncludeTemplates == templates {
			return merge("Labels", &existing.Pairs, labels, force)
		}
	}
	e.kustomization.Labels = append(e.kustomization.Labels, types.Label{Pairs: labels, IncludeTemplates: templates})
	return nil
}

func (e *edit) annotations() error {
	annotations := e.options.CommonAnnotations
	if isTrue(e.options.CommonAnnotationsEnvsubst) {
		annotations = map[string]string{}
		for name, value := range e.options.CommonAnnotations {
			annotations[name] = substitute(value, e.variable)
		}
	}
	force := isTrue(e.options.ForceCommonAnnotations)
	return merge("Annotations", &e.kustomization.CommonAnnotations, annotations, force)
}

// merge adds pairs to target; one that is there already needs force.
func merge(what string, target *map[string]string, pairs map[string]string, force bool) error {
	if len(pairs) == 0 {
		return nil
	}
	if *target == nil {
		*target = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		if _, has := (*target)[name]; has && !force {
			return fault(ReasonInvalid, "", "spec.source.kustomize.common%[1]s: the kustomization sets %[2]q itself: "+
				"leave it out, or set forceCommon%[1]s", what, name)
		}
		(*target)[name] = pairs[name]
	}
	return nil
}

func (e *edit) patches() error {
	for i, option := range e.options.Patches {
		data, err := json.Marshal(option)
		if err != nil {
			return err
		}
		patch := types.Patch{}
		if err := json.Unmarshal(data, &patch); err != nil {
			return fault(ReasonInvalid, "", "spec.source.kustomize.patches[%d] is not a patch: %s", i, concise(err))
		}
		e.kustomization.Patches = append(e.kustomization.Patches, patch)
	}
	return nil
}

func (e *edit) components() {
	for _, component := range e.options.Components {
		absent := isTrue(e.options.IgnoreMissingComponents) && !remote(component) && !e.exists(component)
		if !absent && !slices.Contains(e.kustomization.Components, component) {
			e.kustomization.Components = append(e.kustomization.Components, component)
		}
	}
}
