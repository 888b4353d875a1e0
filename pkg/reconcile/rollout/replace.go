// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// errChanged says that a decision rests on what is no longer so.
var errChanged = errors.New("it was changed since it was read")

// replace does with a workload that replaces its own pods what was decided. Until its controller has seen that, nothing
// else is done with it.
func (p *pass) replace(ctx context.Context, facts *rollout.Facts, wanted *rollout.Replacement) error {
	if wanted == nil {
		return nil
	}
	workload, work := *facts.Workload, *facts.Workload.InPlace
	workload.InPlace, work.Observed = &work, false
	facts.Workload = &workload
	if wanted.Claim || wanted.Partition != nil {
		if err := p.partition(ctx, facts, wanted); err != nil {
			return err
		}
		work.Driver = facts.Rollout.Name
		if wanted.Partition != nil {
			work.Partition = *wanted.Partition
		}
	}
	if wanted.Template != "" {
		if err := p.restore(ctx, facts, wanted.Template); err != nil {
			return err
		}
	}
	if len(wanted.Pods) == 0 {
		return nil
	}
	if err := p.unchanged(ctx, facts); err != nil {
		return err
	}
	for _, pod := range wanted.Pods {
		err := p.site.client.CoreV1().Pods(facts.Rollout.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			Preconditions: metav1.NewUIDPreconditions(string(pod.UID)),
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// unchanged fails where a workload asks for something else than when it was read: places whose pods are deleted are
// filled from its template as it is then.
func (p *pass) unchanged(ctx context.Context, facts *rollout.Facts) error {
	each := workloadOf(facts.Rollout)
	live, err := p.site.references.objects.Resource(each.resource).Namespace(each.namespace).
		Get(ctx, each.name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read %s %s: %w", each.resource.GroupResource(), each.name, err)
	}
	if live.GetUID() != facts.Workload.UID || generationOf(live) != facts.Workload.Version {
		p.site.references.outdate(each)
		return apierrors.NewConflict(each.resource.GroupResource(), each.name, errChanged)
	}
	return nil
}

// partition writes on a workload which Rollout drives it, and which of its pods get the newest template.
func (p *pass) partition(ctx context.Context, facts *rollout.Facts, wanted *rollout.Replacement) error {
	metadata := map[string]any{"uid": facts.Workload.UID, "resourceVersion": facts.Workload.InPlace.Version}
	if wanted.Claim {
		metadata["annotations"] = map[string]any{v1alpha1.AnnotationManagedByRollouts: facts.Rollout.Name}
	}
	change := map[string]any{"metadata": metadata}
	if wanted.Partition != nil {
		change["spec"] = partitioned(*wanted.Partition)
	}
	return p.site.changeWorkload(ctx, facts.Rollout, types.MergePatchType, change)
}

// partitioned is the part of a StatefulSet's specification that says which pods get the newest template.
func partitioned(partition int32) map[string]any {
	return map[string]any{"updateStrategy": map[string]any{"rollingUpdate": map[string]any{"partition": partition}}}
}

// changeWorkload patches the workload of a Rollout.
func (s *site) changeWorkload(
	ctx context.Context, object *v1alpha1.Rollout, kind types.PatchType, change any,
) error {
	body, err := json.Marshal(change)
	if err != nil {
		return err
	}
	each := workloadOf(object)
	s.references.outdate(each)
	_, err = s.references.objects.Resource(each.resource).Namespace(each.namespace).
		Patch(ctx, each.name, kind, body, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return fmt.Errorf("change %s %s: %w", each.resource.GroupResource(), each.name, err)
	}
	return nil
}

// restore gives a workload the template of one of its revisions back.
func (p *pass) restore(ctx context.Context, facts *rollout.Facts, hash string) error {
	for _, revision := range facts.Workload.InPlace.Revisions {
		if revision.Hash != hash {
			continue
		}
		kept, err := p.site.client.AppsV1().ControllerRevisions(facts.Rollout.Namespace).
			Get(ctx, revision.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read revision %s: %w", revision.Name, err)
		}
		var held struct {
			Spec struct {
				Template map[string]any `json:"template"`
			} `json:"spec"`
		}
		if err = json.Unmarshal(kept.Data.Raw, &held); err != nil || held.Spec.Template == nil {
			return fmt.Errorf("revision %s holds no pod template: %w", revision.Name, err)
		}
		// It is kept as a patch.
		delete(held.Spec.Template, "$patch")
		return p.site.changeWorkload(ctx, facts.Rollout, types.JSONPatchType, []map[string]any{
			{"op": "test", "path": "/metadata/uid", "value": facts.Workload.UID},
			{"op": "test", "path": "/metadata/resourceVersion", "value": facts.Workload.InPlace.Version},
			{"op": "replace", "path": "/spec/template", "value": held.Spec.Template},
		})
	}
	return fmt.Errorf("revision %s is not kept any more", hash)
}

// free lets a workload that replaces its own pods go on without the Rollout that drove it. In the middle of an update
// its pods stay as they are: nobody said that all may be replaced.
func (s *site) free(ctx context.Context, object *v1alpha1.Rollout) error {
	if !rollout.ReplacesInPlace(object) {
		return nil
	}
	each := workloadOf(object)
	live, err := s.references.objects.Resource(each.resource).Namespace(each.namespace).
		Get(ctx, each.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s %s: %w", each.resource.GroupResource(), each.name, err)
	}
	workload, _, err := readInPlace(live)
	if err != nil || workload.InPlace.Driver != object.Name {
		return err
	}
	change := map[string]any{"metadata": map[string]any{
		"uid": workload.UID, "resourceVersion": workload.InPlace.Version,
		"annotations": map[string]any{v1alpha1.AnnotationManagedByRollouts: nil},
	}}
	if work := workload.InPlace; work.Partition == rollout.Held && work.Observed && work.Stable == work.Newest {
		change["spec"] = partitioned(0)
	}
	return s.changeWorkload(ctx, object, types.MergePatchType, change)
}
