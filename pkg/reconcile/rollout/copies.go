// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// complete makes the copies to which the pods of the newest ReplicaSet refer, once it is there and before it gets its
// first pods. They go with it, and with others that refer to them.
func (p *pass) complete(ctx context.Context, facts *rollout.Facts) error {
	set := facts.New
	if _, lacks := set.Annotations[v1alpha1.AnnotationCopiesPending]; !lacks {
		return nil
	}
	for _, each := range facts.Copies {
		err := p.copy(ctx, each, set)
		if apierrors.IsForbidden(err) {
			return invalidError{notAllowed(each.Of, err)}
		}
		if err != nil {
			return fmt.Errorf("copy %s %s: %w", each.Of.Kind, each.Of.Name, err)
		}
	}
	written, err := p.patchSet(ctx, set, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationCopiesPending: nil}},
	})
	if err == nil {
		facts.Replace(written)
	}
	return err
}

// copy makes a copy, or keeps the one that there is.
func (p *pass) copy(ctx context.Context, each rollout.Copy, set *appsv1.ReplicaSet) error {
	client := p.site.references.objects.Resource(each.Of.Resource()).Namespace(set.Namespace)
	source, err := client.Get(ctx, each.Of.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if each.Name == each.Of.Name {
		return p.own(ctx, each, source, set)
	}
	content, err := rollout.ContentOf(each.Of, source.GetUID(), source.Object)
	if err != nil {
		return err
	}
	if content.Digest != each.Digest {
		return errors.New("it has changed since it was read: another revision is made")
	}
	_, err = client.Create(ctx, copyOf(source, each, set), metav1.CreateOptions{FieldManager: manager})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	live, err := client.Get(ctx, each.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	// The digest of a Secret is mixed with the UID of the source.
	if content, err = rollout.ContentOf(each.Of, source.GetUID(), live.Object); err != nil {
		return err
	}
	if !isCopy(live) || content.Digest != each.Digest {
		return invalidError{fmt.Errorf("%s %q is not the copy of %q that its name says: delete it",
			each.Of.Kind, each.Name, each.Of.Name)}
	}
	return p.own(ctx, each, live, set)
}

// copyOf is the copy of a ConfigMap or a Secret. Nothing but what pods see is copied: the type of a Secret lets other
// controllers act on it.
func copyOf(source *unstructured.Unstructured, each rollout.Copy, set *appsv1.ReplicaSet) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: map[string]any{"immutable": true}}
	made.SetGroupVersionKind(source.GroupVersionKind())
	made.SetNamespace(set.Namespace)
	made.SetName(each.Name)
	made.SetAnnotations(map[string]string{v1alpha1.AnnotationCopyOf: each.Of.Name})
	made.SetOwnerReferences([]metav1.OwnerReference{ownedBy(set)})
	for _, name := range []string{"data", "binaryData"} {
		if value, has := source.Object[name]; has {
			made.Object[name] = value
		}
	}
	return made
}

func ownedBy(set *appsv1.ReplicaSet) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: set.Name, UID: set.UID}
}

// own keeps a copy for as long as a ReplicaSet is there.
func (p *pass) own(
	ctx context.Context, each rollout.Copy, live *unstructured.Unstructured, set *appsv1.ReplicaSet,
) error {
	owners := live.GetOwnerReferences()
	if slices.ContainsFunc(owners, func(owner metav1.OwnerReference) bool { return owner.UID == set.UID }) {
		return nil
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": live.GetUID(), "resourceVersion": live.GetResourceVersion(),
		"ownerReferences": append(owners, ownedBy(set)),
	}})
	if err != nil {
		return err
	}
	_, err = p.site.references.objects.Resource(each.Of.Resource()).Namespace(set.Namespace).
		Patch(ctx, each.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
	return err
}
