// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Predict returns the object that applying a manifest would leave, as the destination says
// in a dry run; nothing is written.
func Predict(ctx context.Context, target Target, m manifest.Manifest) (*unstructured.Unstructured, error) {
	w := writing{target: target, change: Change{Action: Apply, Manifest: m}}
	resource, err := w.resource(ctx)
	if err != nil {
		return nil, failure(m.Key, err)
	}
	client, err := target.Writer(ctx)
	if err != nil {
		return nil, failure(m.Key, err)
	}
	bounded, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	reply, err := client.Patch(types.ApplyPatchType).AbsPath(w.path(resource)...).
		SetHeader("Accept", runtime.ContentTypeJSON).
		Param("fieldManager", live.FieldManager).Param("force", "true").Param("dryRun", metav1.DryRunAll).
		Body(m.JSON).Do(bounded).Raw()
	if err != nil {
		return nil, failure(m.Key, err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(reply); err != nil {
		return nil, failure(m.Key, errors.New("the answer to the dry run cannot be read"))
	}
	return object, nil
}
