// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	kindConfigMap = "ConfigMap"
	kindSecret    = "Secret"
	// mostConfigs is how many ConfigMaps and Secrets belong to a revision at most: each is watched, and copied.
	mostConfigs = 30
	// mostBytes is how much they may hold together: a copy is kept with each revision.
	mostBytes = 4 << 20
	// shortDigest is how much of a digest makes the name of a copy.
	shortDigest = 10
)

// Config is a ConfigMap or a Secret that a pod template refers to.
type Config struct {
	// Kind is ConfigMap or Secret.
	Kind string
	// Name is its name.
	Name string
}

// Resource is the resource of its kind.
func (c Config) Resource() schema.GroupVersionResource {
	if c.Kind == kindSecret {
		return schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	}
	return schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
}

// Copy is a copy that keeps, for a revision, what a ConfigMap or a Secret held when the revision was made.
type Copy struct {
	// Of is what it is a copy of.
	Of Config
	// Name is its name.
	Name string
	// Digest is that of what it holds.
	Digest string
}

// ConfigsOf returns the ConfigMaps and Secrets whose content belongs to the revisions of a Rollout; pods start without
// those for which optional is true. It fails where the Rollout asks for more than can be.
func ConfigsOf(rollout *v1alpha1.Rollout) (optional map[Config]bool, err error) {
	kinds, err := versionedKinds(rollout)
	if err != nil || len(kinds) == 0 {
		return nil, err
	}
	template, err := rollout.Spec.Template.Decode()
	if err != nil {
		return nil, field.Invalid(field.NewPath("spec", "template"), field.OmitValueType{}, err.Error())
	}
	optional = map[Config]bool{}
	eachConfig(&template.Spec, func(kind string, name *string, may *bool) {
		if !kinds[kind] || *name == "" {
			return
		}
		config := Config{kind, *name}
		before, known := optional[config]
		optional[config] = or(may, false) && (before || !known)
	})
	if len(optional) > mostConfigs {
		return nil, field.TooMany(field.NewPath("spec", "template"), len(optional), mostConfigs)
	}
	return optional, nil
}

// versionedKinds are the kinds whose content belongs to a revision, as the Rollout's annotation names them.
func versionedKinds(rollout *v1alpha1.Rollout) (map[string]bool, error) {
	text, given := rollout.Annotations[v1alpha1.AnnotationVersionedConfig]
	if !given {
		return nil, nil
	}
	kinds, path := map[string]bool{}, field.NewPath("metadata", "annotations").Key(v1alpha1.AnnotationVersionedConfig)
	for name := range strings.SplitSeq(text, ",") {
		switch strings.TrimSpace(name) {
		case "configmaps":
			kinds[kindConfigMap] = true
		case "secrets":
			if ClusterOf(rollout) != "" {
				return nil, field.Forbidden(path, "no Secret of another cluster is read: leave \"secrets\" out")
			}
			kinds[kindSecret] = true
		default:
			return nil, field.NotSupported(path, text, []string{"configmaps", "secrets", "configmaps,secrets"})
		}
	}
	return kinds, nil
}

// Pin returns the Rollout with a template that refers to copies in place of what changes, and the copies. It fails
// where something that pods need is not there.
func Pin(
	rollout *v1alpha1.Rollout, optional map[Config]bool, contents map[Config]Content,
) (*v1alpha1.Rollout, []Copy, error) {
	copies, size := map[Config]Copy{}, 0
	for _, config := range slices.SortedFunc(maps.Keys(optional), compareConfigs) {
		content := contents[config]
		size += content.Size
		switch {
		case content.Digest != "":
			copies[config] = Copy{Of: config, Name: copyName(config, content), Digest: content.Digest}
		case !optional[config]:
			return nil, nil, field.Invalid(field.NewPath("spec", "template"), config.Name, fmt.Sprintf(
				"%s %q not found: create it, or make the reference optional", config.Kind, config.Name))
		}
	}
	if len(copies) == 0 {
		return rollout, nil, nil
	}
	if size > mostBytes {
		return nil, nil, field.Forbidden(field.NewPath("spec", "template"), fmt.Sprintf(
			"the ConfigMaps and Secrets to which it refers hold %d bytes, and a revision keeps at most %d: leave large ones "+
				"out of it by the annotation %s", size, mostBytes, v1alpha1.AnnotationVersionedConfig))
	}
	template, err := rollout.Spec.Template.Decode()
	if err != nil {
		return nil, nil, err
	}
	eachConfig(&template.Spec, func(kind string, name *string, _ *bool) {
		if pinned, is := copies[Config{kind, *name}]; is {
			*name = pinned.Name
		}
	})
	resolved := *rollout
	if err = resolved.Spec.Template.SetTemplate(template); err != nil {
		return nil, nil, err
	}
	return &resolved, slices.SortedFunc(maps.Values(copies),
		func(a, b Copy) int { return compareConfigs(a.Of, b.Of) }), nil
}

func compareConfigs(a, b Config) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// copyName names a copy by what it holds. What is a copy itself keeps its name: a revision to which people go back
// refers to it.
func copyName(config Config, content Content) string {
	if content.IsCopy {
		return config.Name
	}
	suffix := "-" + rand.SafeEncodeString(content.Digest[:shortDigest])
	name := config.Name[:min(len(config.Name), validation.DNS1123SubdomainMaxLength-len(suffix))]
	// No part of a name begins with a hyphen.
	return strings.TrimRight(name, ".-") + suffix
}
