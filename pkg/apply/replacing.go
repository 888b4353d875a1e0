// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/live"
)

// put writes the manifest over the object as it was read just now, and creates the object
// where there is none. It owns nothing by apply; an apply has to follow.
func (w writing) put(ctx context.Context, client rest.Interface, path []string) error {
	found, err := metadataOf(client.Get().AbsPath(path...).MaxRetries(0).SetHeader("Accept", accept).Do(ctx))
	request := client.Put().AbsPath(path...)
	switch {
	case apierrors.IsNotFound(err) && !isUnserved(err):
		request, found = client.Post().AbsPath(path[:len(path)-1]...), &metav1.PartialObjectMetadata{}
	case err != nil:
		return err
	}
	object, err := w.change.Manifest.Object()
	if err != nil {
		return err
	}
	object.SetResourceVersion(found.ResourceVersion)
	body, err := json.Marshal(object.Object)
	if err != nil {
		return fmt.Errorf("encode %s: %w", w.change.Manifest.Key, err)
	}
	request = request.MaxRetries(0).SetHeader("Accept", accept).SetHeader("Content-Type", runtime.ContentTypeJSON).
		Param("fieldManager", live.FieldManager).Param("fieldValidation", w.validation())
	return w.dry(request).Body(body).Do(ctx).Error()
}

// unknownField reports that an apply was refused because of a field that the kind does not
// know: a server-side apply cannot drop it, whatever the field validation.
func unknownField(err error) bool {
	return err != nil && strings.Contains(err.Error(), "field not declared in schema")
}

// recreation says that an object was deleted because it refused a change.
type recreation struct{}

func (*recreation) Error() string { return "deleted, to be made anew: it refused the change" }

// force deletes the object that refuses a change, and no other of its name.
func (w writing) force(ctx context.Context, client rest.Interface, path []string, refused error) error {
	found, err := metadataOf(client.Get().AbsPath(path...).MaxRetries(0).SetHeader("Accept", accept).Do(ctx))
	if err != nil {
		return errors.Join(refused, err)
	}
	w.change.UID, w.change.Propagation = found.UID, metav1.DeletePropagationForeground
	if err := w.remove(ctx, client, path); err != nil {
		return err
	}
	return &recreation{}
}
