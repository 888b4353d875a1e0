// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// pin lets the template refer to copies of the ConfigMaps and Secrets whose content belongs to the revision. It returns
// what it holds, also where it fails.
func (p *pass) pin(ctx context.Context, facts *rollout.Facts, holder types.NamespacedName) ([]reference, error) {
	optional, err := rollout.ConfigsOf(facts.Rollout)
	if err != nil {
		return nil, invalidError{err}
	}
	named := func(config rollout.Config) reference {
		return reference{config.Resource(), facts.Rollout.Namespace, config.Name}
	}
	held := make([]reference, 0, len(optional))
	for config := range optional {
		p.site.references.hold(holder, named(config))
		held = append(held, named(config))
	}
	contents := map[rollout.Config]rollout.Content{}
	for config := range optional {
		contents[config], err = refer(ctx, p.site.references, named(config), contentOf(config))
		if apierrors.IsForbidden(err) {
			return held, invalidError{notAllowed(config, err)}
		}
		if err != nil {
			return held, err
		}
	}
	pinned, copies, err := rollout.Pin(facts.Rollout, optional, contents)
	if err != nil {
		return held, invalidError{err}
	}
	facts.Rollout, facts.Copies = pinned, copies
	return held, nil
}

// notAllowed says what to do where the cluster refuses the server the content of a kind.
func notAllowed(config rollout.Config, err error) error {
	return fmt.Errorf("metadata.annotations[%s]: the server may not read or copy each %s: bind the role "+
		"capstan-rollout-secrets, or leave the kind out of the annotation: %w", v1alpha1.AnnotationVersionedConfig,
		config.Kind, err)
}

// contentOf takes of a ConfigMap or a Secret a name for what it holds, and nothing else.
func contentOf(config rollout.Config) func(*unstructured.Unstructured) (rollout.Content, error) {
	return func(object *unstructured.Unstructured) (rollout.Content, error) {
		content, err := rollout.ContentOf(config, object.GetUID(), object.Object)
		content.IsCopy = isCopy(object)
		return content, err
	}
}

// isCopy says that an object was made as a copy, and still is one.
func isCopy(object *unstructured.Unstructured) bool {
	_, named := object.GetAnnotations()[v1alpha1.AnnotationCopyOf]
	immutable, _, _ := unstructured.NestedBool(object.Object, "immutable")
	return named && immutable
}
