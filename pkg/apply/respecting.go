// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// respecting writes the manifest with the live values of the fields that are others'. The object
// must be the one that was read, or somebody's newest value would be undone.
func (w writing) respecting(
	ctx context.Context, client rest.Interface, path []string,
) (*metav1.PartialObjectMetadata, error) {
	wanted, rules := w.change.Manifest, w.change.Respected
	for attempt := 1; ; attempt++ {
		if len(rules) > 0 {
			current, err := read(ctx, client, path)
			if err != nil {
				return nil, err
			}
			if w.change.Manifest, err = respected(wanted, current, rules); err != nil {
				return nil, err
			}
		}
		object, err := w.write(ctx, client, path)
		if len(rules) == 0 || !apierrors.IsConflict(err) || attempt == attempts {
			return object, err
		}
	}
}

// respected returns a manifest with the values of a live object, nil for none, in the fields of rules.
func respected(
	wanted manifest.Manifest, current *unstructured.Unstructured, rules difference.Rules,
) (manifest.Manifest, error) {
	if current == nil {
		return wanted, nil
	}
	object, err := wanted.Object()
	if err != nil {
		return manifest.Manifest{}, err
	}
	if object, err = rules.Keep(object, current); err != nil {
		return manifest.Manifest{}, refusal(err.Error())
	}
	object.SetResourceVersion(current.GetResourceVersion())
	return manifest.New(object)
}

// read returns the whole object at a path, nil where there is none.
func read(ctx context.Context, client rest.Interface, path []string) (*unstructured.Unstructured, error) {
	reply := client.Get().AbsPath(path...).MaxRetries(0).SetHeader("Accept", runtime.ContentTypeJSON).Do(ctx)
	// What kind of error it is stands in the body, which only Error reads.
	if err := reply.Error(); apierrors.IsNotFound(err) && !isUnserved(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	raw, err := reply.Raw()
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(raw); err != nil {
		return nil, refusal("the server's answer to the read cannot be understood")
	}
	return object, nil
}
