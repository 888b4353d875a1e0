// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// editManager owns the fields that a resource action sets. It is not live.FieldManager: what an
// action changes of what Git says is drift.
const editManager = "capstan-action"

// Edit is one write that a person asks for by a resource action: a creation, or a JSON merge patch.
type Edit struct {
	manifest.Key
	Version string
	// Create is the object to be created; nil for a patch.
	Create []byte
	// Patch is the JSON merge patch. It should hold the UID and the resourceVersion that it was made of.
	Patch []byte
	// Subresource is patched in place of the object; "" means the object.
	Subresource string
}

// Edit does one write, once: a creation cannot be repeated safely. Errors are *Error, as those of Apply.
func (a *Applier) Edit(ctx context.Context, target Target, edit Edit, options Options) (types.UID, error) {
	w := writing{
		target: target, limit: a.limiterOf(target.Server()), group: &group{most: 1}, options: options,
		change: Change{Action: Apply, Manifest: manifest.Manifest{Key: edit.Key, Version: edit.Version}},
	}
	resource, err := w.resource(ctx)
	if err != nil {
		return "", failure(edit.Key, err)
	}
	if err = w.limit.acquire(ctx, w.group); err != nil {
		return "", failure(edit.Key, err)
	}
	object, err := w.edit(ctx, resource, edit)
	if overload(err) && ctx.Err() == nil {
		seconds, _ := apierrors.SuggestsClientDelay(err)
		w.limit.overloaded(w.group, time.Duration(seconds)*time.Second)
	} else {
		w.limit.release(w.group)
	}
	if err != nil {
		return "", failure(edit.Key, err)
	}
	return object.UID, nil
}

func (w writing) edit(
	ctx context.Context, resource cluster.Resource, edit Edit,
) (*metav1.PartialObjectMetadata, error) {
	client, err := w.target.Writer(ctx)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request := w.editRequest(client, resource, edit).MaxRetries(0).
		SetHeader("Accept", accept).Param("fieldManager", editManager)
	if w.options.DryRun {
		request.Param("dryRun", metav1.DryRunAll)
	}
	return metadataOf(request.Do(bounded))
}

func (w writing) editRequest(client rest.Interface, resource cluster.Resource, edit Edit) *rest.Request {
	path := w.path(resource)
	if edit.Create != nil {
		return client.Post().AbsPath(path[:len(path)-1]...).
			SetHeader("Content-Type", runtime.ContentTypeJSON).Body(edit.Create)
	}
	if edit.Subresource != "" {
		path = append(path, edit.Subresource)
	}
	return client.Patch(types.MergePatchType).AbsPath(path...).Body(edit.Patch)
}
