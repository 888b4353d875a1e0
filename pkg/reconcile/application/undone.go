// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// undoneOf are the Rollouts that somebody took back to an earlier revision. What another API server than ours says of
// that counts for nothing: there, everybody who changes a Rollout can say it.
func undoneOf(
	target *cluster.Cluster, kept map[manifest.Key]bool, objects []live.Object,
) map[manifest.Key]v1alpha1.Undone {
	ours := target.Server() == cluster.InClusterServer
	found := map[manifest.Key]v1alpha1.Undone{}
	for _, object := range objects {
		if undone, is := v1alpha1.ParseUndone(object.Undone); is && (ours || kept[object.Key]) {
			found[object.Key] = undone
		}
	}
	return found
}

func (p *pass) undoneKeys() map[manifest.Key]bool {
	keys := make(map[manifest.Key]bool, len(p.undone))
	for key := range p.undone {
		keys[key] = true
	}
	return keys
}

// holding are the rules by which a Rollout that was taken back keeps its pod template, while all else of it is healed:
// until Git wants something else of it, or a person asks for a sync.
func (p *pass) holding(s *state) difference.Rules {
	if p.app.Operation != nil || len(p.undone) == 0 {
		return nil
	}
	var rules difference.Rules
	for _, wanted := range p.desired.objects {
		undone, is := p.undone[wanted.Key]
		if !is || s.applied[wanted.Key].Desired != wanted.Digest {
			continue
		}
		rule, err := difference.Driven(wanted.Key, keepTemplate, manifest.DigestOf([]byte(undone.String())))
		if err == nil {
			rules = append(rules, rule)
		}
	}
	return rules
}

func keepTemplate(wanted, object *unstructured.Unstructured) {
	template, found, err := unstructured.NestedMap(object.Object, "spec", "template")
	if spec, isMap := wanted.Object["spec"].(map[string]any); err == nil && found && isMap {
		spec["template"] = template
	}
}

// rolledBack tells who took which Rollout back, and what that means.
func (p *pass) rolledBack() []v1alpha1.ApplicationCondition {
	var conditions []v1alpha1.ApplicationCondition
	for _, change := range p.plan.Changes {
		undone, is := p.undone[change.Key]
		if !is || change.Reason != plan.RolledBack {
			continue
		}
		conditions = append(conditions, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ApplicationConditionRolledBackWarning,
			Message: fmt.Sprintf("Rollout %s/%s: %s went back to revision %d at %s. Self-heal leaves its pod template alone "+
				"until Git wants something else of the Rollout; a sync by hand puts it back", change.Namespace, change.Name,
				brief(undone.By), undone.Revision, undone.At.UTC().Format(time.RFC3339)),
		})
	}
	return conditions
}

// overrides reports that a change takes a Rollout from what somebody took it back to. What such a note says on a
// Rollout that the Application did not apply before counts for nothing.
func (p *pass) overrides(change plan.Change) bool {
	_, undone := p.undone[change.Key]
	return undone && change.Action == plan.Apply && change.Reason != plan.Adopted &&
		(change.Reason == plan.Changed || p.app.Operation != nil)
}

// settle gives a Rollout the whole pod template that Git wants, and takes off it that somebody took it back. An apply
// alone would leave those fields of the earlier template that Git does not have: nobody owns them. The template is
// written as the sync writes, so that an account which may not change the Rollout changes nothing.
func (r *Reconciler) settle(ctx context.Context, p *pass, change plan.Change, m manifest.Manifest) error {
	object, err := m.Object()
	if err != nil {
		return err
	}
	spec, _ := object.Object["spec"].(map[string]any)
	template, found := spec["template"].(map[string]any)
	if !found {
		// What the cluster says of the manifest is for the apply to tell.
		return nil
	}
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": change.UID},
		{"op": "replace", "path": "/spec/template", "value": template},
	})
	if err != nil {
		return err
	}
	target, err := r.at(p, change.Key)
	if err != nil {
		return err
	}
	if err = putTemplate(ctx, target, change, patch); err == nil {
		patch = fmt.Appendf(nil, `{"metadata":{"annotations":{%q:null}}}`, v1alpha1.AnnotationUndone)
		_, err = r.Client.ArgoprojV1alpha1().Rollouts(change.Namespace).
			Patch(ctx, change.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("put the pod template of Rollout %s/%s back: %w", change.Namespace, change.Name, err)
	}
	return nil
}

func putTemplate(ctx context.Context, target apply.Target, change plan.Change, patch []byte) error {
	client, err := target.Writer(ctx)
	if err != nil {
		return err
	}
	return client.Patch(types.JSONPatchType).AbsPath("/apis", change.Group, change.Version).
		Namespace(change.Namespace).Resource("rollouts").Name(change.Name).
		SetHeader("Accept", runtime.ContentTypeJSON).Body(patch).Do(ctx).Error()
}
