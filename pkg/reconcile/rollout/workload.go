// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// resolve gives the facts the template as pods run it: that of the workload that the Rollout refers to, and with the
// ConfigMaps and Secrets of the revision.
func (p *pass) resolve(ctx context.Context, facts *rollout.Facts) error {
	holder := types.NamespacedName{Namespace: facts.Rollout.Namespace, Name: facts.Rollout.Name}
	held, err := p.adopt(ctx, facts, holder)
	if err == nil {
		var pinned []reference
		pinned, err = p.pin(ctx, facts, holder)
		held = append(held, pinned...)
	}
	// Also where it failed: each name that is tried would be watched from then on.
	p.site.references.only(holder, held)
	return err
}

// adopt gives the facts the template of the workload that the Rollout refers to, where it refers to one. It returns
// what it holds, also where it fails.
func (p *pass) adopt(ctx context.Context, facts *rollout.Facts, holder types.NamespacedName) ([]reference, error) {
	object := facts.Rollout
	if object.Spec.WorkloadRef == nil {
		return nil, nil
	}
	if err := rollout.CheckWorkload(object); err != nil {
		return nil, invalidError{err}
	}
	each := workloadOf(object)
	held := []reference{each}
	p.site.references.hold(holder, each)
	parse := parseWorkload
	if rollout.ReplacesInPlace(object) {
		parse = p.parseInPlace(ctx)
	}
	workload, err := refer(ctx, p.site.references, each, parse)
	if err != nil {
		return held, err
	}
	facts.Workload = workload
	resolved, err := rollout.Resolve(object, workload)
	if err != nil {
		return held, invalidError{err}
	}
	facts.Rollout = resolved
	return held, nil
}

// workloadOf names the workload that a Rollout refers to.
func workloadOf(object *v1alpha1.Rollout) reference {
	ref := object.Spec.WorkloadRef
	return reference{rollout.WorkloadKinds()[ref.Kind], object.Namespace, ref.Name}
}

// parseWorkload takes of a workload what a Rollout needs.
func parseWorkload(object *unstructured.Unstructured) (*rollout.Workload, error) {
	workload := &rollout.Workload{
		UID:      object.GetUID(),
		Version:  generationOf(object),
		Released: types.UID(object.GetAnnotations()[v1alpha1.AnnotationReleasedTo]),
	}
	spec, has := object.Object["spec"].(map[string]any)
	if !has {
		// It is a PodTemplate, which is nothing but a template.
		spec = object.Object
	}
	raw, err := json.Marshal(spec["template"])
	if err != nil {
		return nil, err
	}
	workload.Template.Raw = raw
	if selector, is := spec["selector"].(map[string]any); is {
		workload.Selector = &metav1.LabelSelector{}
		if err = runtime.DefaultUnstructuredConverter.FromUnstructured(selector, workload.Selector); err != nil {
			return nil, err
		}
	}
	if replicas, is := spec["replicas"].(int64); is {
		workload.Replicas = new(int32(replicas))
	}
	return workload, nil
}

// generationOf is the version of what a workload asks for, in the form of the status.
func generationOf(object *unstructured.Unstructured) string {
	return strconv.FormatInt(object.GetGeneration(), 10)
}

// release lets the workload give up pods.
func (p *pass) release(ctx context.Context, facts rollout.Facts, wanted *rollout.Release) error {
	if wanted == nil {
		return nil
	}
	each, described := workloadOf(facts.Rollout), map[string]any{"uid": facts.Workload.UID}
	if wanted.Done {
		described["annotations"] = map[string]any{v1alpha1.AnnotationReleasedTo: facts.Rollout.UID}
	}
	body, err := json.Marshal(map[string]any{
		"metadata": described, "spec": map[string]any{"replicas": wanted.Replicas},
	})
	if err != nil {
		return err
	}
	written, err := p.site.references.objects.Resource(each.resource).Namespace(each.namespace).
		Patch(ctx, each.name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return fmt.Errorf("scale %s %s: %w", each.resource.GroupResource(), each.name, err)
	}
	p.tell(facts.Rollout, wanted.Events)
	workload, err := parseWorkload(written)
	if err == nil {
		p.site.references.keep(each, each.versionOf(written), workload)
	}
	return err
}
