// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"context"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/action"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// deed is one action on its way to a destination.
type deed struct {
	*Inspector
	app    *v1alpha1.Application
	target *cluster.Cluster
	owner  *v1alpha1.AppProject
	dryRun bool
	// done is what was written.
	done []v1alpha1.ImpactedResource
}

// run computes the action and checks all that it wants before it writes the first object.
func (d *deed) run(ctx context.Context, object *unstructured.Unstructured, request *v1alpha1.ApplicationAction) error {
	parameters := map[string]string{}
	for _, parameter := range request.Parameters {
		parameters[parameter.Name] = parameter.Value
	}
	impacts, err := d.Book.Run(object, request.Action, parameters)
	if err != nil {
		return err
	}
	var edits []apply.Edit
	for _, impact := range impacts {
		edit, err := d.edits(ctx, object, impact)
		if err != nil {
			return err
		}
		edits = append(edits, edit...)
	}
	for _, edit := range edits {
		if err := d.write(ctx, edit); err != nil {
			return err
		}
	}
	return nil
}

// edits are the writes of one impact, if it is within the tree and the project permits it.
func (d *deed) edits(
	ctx context.Context, object *unstructured.Unstructured, impact action.Impact,
) ([]apply.Edit, error) {
	gvk := impact.Object.GroupVersionKind()
	key := manifest.Key{
		Group: gvk.Group, Kind: gvk.Kind, Namespace: impact.Object.GetNamespace(), Name: impact.Object.GetName(),
	}
	resource, err := d.at(key).Resource(ctx, gvk)
	if err != nil {
		return nil, err
	}
	known := d.target.Destination()
	to := project.Destination{Server: known.Server, Name: known.Name, Namespace: key.Namespace, Project: known.Project}
	if err := project.PermitsResource(d.owner, key, resource.Namespaced, to); err != nil {
		return nil, err
	}
	if impact.Operation == action.Create {
		return d.creation(object, key, impact.Object)
	}
	return d.patches(ctx, object, key, impact.Object)
}

// creation is permitted for a child of the object that is acted on, in the same namespace. Nobody's
// Application may take the child for its own.
func (d *deed) creation(
	object *unstructured.Unstructured, key manifest.Key, child *unstructured.Unstructured,
) ([]apply.Edit, error) {
	owned := false
	for _, owner := range child.GetOwnerReferences() {
		owned = owned || owner.UID == object.GetUID()
	}
	if !owned {
		child.SetOwnerReferences(append(child.GetOwnerReferences(), metav1.OwnerReference{
			APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Name: object.GetName(), UID: object.GetUID(),
		}))
	}
	for _, owner := range child.GetOwnerReferences() {
		if owner.UID != object.GetUID() {
			return nil, fmt.Errorf("the action creates %s %s for another owner than what it is run on", key.Kind, key.Name)
		}
	}
	if object.GetNamespace() != "" && key.Namespace != object.GetNamespace() {
		return nil, fmt.Errorf("the action creates %s %s in another namespace than what it is run on", key.Kind, key.Name)
	}
	unstructured.RemoveNestedField(child.Object, "metadata", "annotations", live.TrackingAnnotation)
	unstructured.RemoveNestedField(child.Object, "metadata", "labels", live.ManagedLabel)
	body, err := child.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", key.Kind, key.Name, err)
	}
	return []apply.Edit{{Key: key, Version: child.GroupVersionKind().Version, Create: body}}, nil
}

// patches are permitted for what is in the tree now.
func (d *deed) patches(
	ctx context.Context, object *unstructured.Unstructured, key manifest.Key, after *unstructured.Unstructured,
) ([]apply.Edit, error) {
	before := object
	version := after.GroupVersionKind().Version
	if key != keyOf(object) {
		var err error
		before, err = d.member(ctx, d.target, d.app, refOf(key, version, ""))
		if err != nil {
			return nil, err
		}
	}
	patches, err := action.PatchesOf(before, after)
	if err != nil {
		return nil, err
	}
	var edits []apply.Edit
	if patches.Main != nil {
		edits = append(edits, apply.Edit{Key: key, Version: version, Patch: patches.Main})
	}
	if patches.Status != nil {
		edits = append(edits, apply.Edit{Key: key, Version: version, Patch: patches.Status, Subresource: "status"})
	}
	return edits, nil
}

// write does one edit. A kind without a status subresource keeps its status beside the spec.
func (d *deed) write(ctx context.Context, edit apply.Edit) error {
	options := apply.Options{DryRun: d.dryRun}
	uid, err := d.Applier.Edit(ctx, d.at(edit.Key), edit, options)
	var refused *apply.Error
	if edit.Subresource != "" && errors.As(err, &refused) && refused.Reason == metav1.StatusReasonNotFound {
		edit.Subresource = ""
		uid, err = d.Applier.Edit(ctx, d.at(edit.Key), edit, options)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", edit.Kind, edit.Name, err)
	}
	operation := action.Patch
	if edit.Create != nil {
		operation = action.Create
	}
	d.done = append(d.done, v1alpha1.ImpactedResource{
		ResourceRef: refOf(edit.Key, edit.Version, string(uid)), Operation: string(operation),
	})
	return nil
}

// overtaken reports that nothing was written because the object changed meanwhile.
func (d *deed) overtaken(err error) bool {
	var refused *apply.Error
	return len(d.done) == 0 && errors.As(err, &refused) && refused.Reason == metav1.StatusReasonConflict
}

// at is where an object is: on the hub, if that keeps it for the destination.
func (d *deed) at(key manifest.Key) *cluster.Cluster {
	if kept, keeps := d.reader(d.app, d.target).(tree.Kept); keeps && slices.Contains(kept.Keys, key) {
		return d.Places.Keeper(d.target)
	}
	return d.target
}

func keyOf(object *unstructured.Unstructured) manifest.Key {
	gvk := object.GroupVersionKind()
	return manifest.Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: object.GetNamespace(), Name: object.GetName()}
}
