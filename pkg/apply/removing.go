// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// remove deletes the object, and then lets go of it: a finalizer that is taken off first
// would no longer say that there is something to delete, should this be interrupted.
func (w writing) remove(ctx context.Context, client rest.Interface, path []string) error {
	body, err := w.change.deleteOptions(w.options)
	if err != nil {
		return fmt.Errorf("encode delete options: %w", err)
	}
	err = client.Delete().AbsPath(path...).MaxRetries(0).
		SetHeader("Content-Type", runtime.ContentTypeJSON).Body(body).Do(ctx).Error()
	if err != nil || w.change.Finalizer == "" || w.options.DryRun {
		return err
	}
	return w.release(ctx, client, path)
}

// release takes the finalizer off the object that was seen, and off no other.
func (w writing) release(ctx context.Context, client rest.Interface, path []string) error {
	object, err := metadataOf(client.Get().AbsPath(path...).MaxRetries(0).SetHeader("Accept", accept).Do(ctx))
	if apierrors.IsNotFound(err) && !isUnserved(err) {
		return nil
	}
	if err != nil {
		return err
	}
	at := slices.Index(object.Finalizers, w.change.Finalizer)
	if at < 0 || object.UID != w.change.UID {
		return nil
	}
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value string `json:"value,omitempty"`
	}
	place := fmt.Sprintf("/metadata/finalizers/%d", at)
	patch, err := json.Marshal([]operation{
		{"test", "/metadata/uid", string(w.change.UID)},
		{"test", place, w.change.Finalizer},
		{"remove", place, ""},
	})
	if err != nil {
		return fmt.Errorf("encode the release: %w", err)
	}
	return client.Patch(types.JSONPatchType).AbsPath(path...).MaxRetries(0).
		SetHeader("Accept", accept).Body(patch).Do(ctx).Error()
}
