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
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Predict returns the object that applying a manifest would leave, with the live values in the fields
// of respected, as the destination says in a dry run; nothing is written.
func Predict(
	ctx context.Context, target Target, m manifest.Manifest, respected difference.Rules,
) (*unstructured.Unstructured, error) {
	_, predicted, err := compare(ctx, target, m, respected)
	return predicted, err
}

// Tolerated is how an object stands that may differ from Git in some fields.
type Tolerated struct {
	// Same reports that it differs in no others.
	Same bool
	// UID and ResourceVersion are those of the object, as in a Result; Owned is live.Object's Driven.
	UID             types.UID
	ResourceVersion uint64
	Owned           manifest.Digest
}

// Tolerate compares an object with its manifest, as the destination says in a dry run, but for the fields
// of rules; nothing is written.
func Tolerate(
	ctx context.Context, target Target, m manifest.Manifest, rules difference.Rules,
) (Tolerated, error) {
	current, predicted, err := compare(ctx, target, m, rules)
	if err != nil || current == nil {
		return Tolerated{}, err
	}
	same, err := rules.Same(current, predicted)
	if err != nil {
		return Tolerated{}, err
	}
	wanted, err := m.Object()
	return Tolerated{
		Same: same && err == nil && !rules.Strayed(wanted, current),
		UID:  current.GetUID(), ResourceVersion: cluster.Number(current.GetResourceVersion()),
		Owned: cluster.DrivenFields(current.GetManagedFields()),
	}, err
}

// compare returns an object as it is, nil where it is missing or needs not be read, and as it would be.
func compare(
	ctx context.Context, target Target, m manifest.Manifest, rules difference.Rules,
) (current, predicted *unstructured.Unstructured, err error) {
	w := writing{target: target, change: Change{Action: Apply, Manifest: m}}
	resource, err := w.resource(ctx)
	if err != nil {
		return nil, nil, failure(m.Key, err)
	}
	client, err := target.Writer(ctx)
	if err != nil {
		return nil, nil, failure(m.Key, err)
	}
	bounded, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if len(rules) > 0 {
		if current, err = read(bounded, client, w.path(resource)); err != nil {
			return nil, nil, failure(m.Key, err)
		}
		if w.change.Manifest, err = respected(m, current, rules); err != nil {
			return nil, nil, failure(m.Key, err)
		}
	}
	predicted, err = w.predict(bounded, client, w.path(resource))
	return current, predicted, err
}

func (w writing) predict(
	ctx context.Context, client rest.Interface, path []string,
) (*unstructured.Unstructured, error) {
	m := w.change.Manifest
	reply, err := client.Patch(types.ApplyPatchType).AbsPath(path...).
		SetHeader("Accept", runtime.ContentTypeJSON).
		Param("fieldManager", live.FieldManager).Param("force", "true").Param("dryRun", metav1.DryRunAll).
		Body(m.JSON).Do(ctx).Raw()
	if err != nil {
		return nil, failure(m.Key, err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(reply); err != nil {
		return nil, failure(m.Key, errors.New("the answer to the dry run cannot be read"))
	}
	return object, nil
}
