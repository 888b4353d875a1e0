// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/capstan-dev/capstan/pkg/action"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// ActionBook lists and computes the actions of live objects.
type ActionBook interface {
	List(object *unstructured.Unstructured) ([]action.Action, error)
	Run(object *unstructured.Unstructured, name string, parameters map[string]string) ([]action.Impact, error)
}

// Recorder emits Events about Applications.
type Recorder interface {
	Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any)
}

// reasonActionRan is the reason of the Event on the Application (as Argo CD 3.5: util/argo/audit_logger.go).
const reasonActionRan = "ResourceActionRan"

// Actions answers applications/actions.
func (i *Inspector) Actions(
	ctx context.Context, app *v1alpha1.Application, resource v1alpha1.ResourceRef,
) (*v1alpha1.ApplicationActions, error) {
	target, _, err := i.Places.Place(app)
	if err != nil {
		return nil, plain(err)
	}
	object, err := i.member(ctx, target, app, resource)
	if err != nil {
		return nil, err
	}
	list, err := i.Book.List(object)
	if err != nil {
		return nil, plain(err)
	}
	answer := &v1alpha1.ApplicationActions{Items: []v1alpha1.ResourceAction{}}
	for _, offered := range list {
		entry := v1alpha1.ResourceAction{
			Name: offered.Name, DisplayName: offered.DisplayName, IconClass: offered.IconClass, Disabled: offered.Disabled,
		}
		for _, param := range offered.Params {
			entry.Params = append(entry.Params, v1alpha1.ResourceActionParam(param))
		}
		answer.Items = append(answer.Items, entry)
	}
	return answer, nil
}

// Act answers applications/action. What the object was when it was read is what is changed: where
// somebody is faster, it is read again, a few times.
func (i *Inspector) Act(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationAction, user string, dryRun bool,
) ([]v1alpha1.ImpactedResource, error) {
	target, owner, err := i.Places.Place(app)
	if err != nil {
		return nil, plain(err)
	}
	deed := &deed{Inspector: i, app: app, target: target, owner: owner, dryRun: dryRun}
	const attempts = 3
	for attempt := 1; ; attempt++ {
		var object *unstructured.Unstructured
		if object, err = i.member(ctx, target, app, request.Resource); err != nil {
			return nil, err
		}
		err = deed.run(ctx, object, request)
		if !deed.overtaken(err) || attempt == attempts {
			break
		}
	}
	if !dryRun {
		i.tell(app, request, user, err)
	}
	if errors.Is(err, action.ErrNone) {
		return nil, apierrors.NewNotFound(v1alpha1.Resource("applications/actions"), request.Action)
	}
	return deed.done, plain(err)
}

// member reads an object of the tree in full; it is the one that was found there.
func (i *Inspector) member(
	ctx context.Context, target *cluster.Cluster, app *v1alpha1.Application, resource v1alpha1.ResourceRef,
) (*unstructured.Unstructured, error) {
	key := manifest.Key{
		Group: resource.Group, Kind: resource.Kind, Namespace: resource.Namespace, Name: resource.Name,
	}
	from := i.reader(app, target)
	meta, err := tree.Find(ctx, from, i.Places.Instance(app), key)
	if err != nil {
		return nil, found(key, err)
	}
	object, err := from.Get(ctx, key, resource.Version)
	switch {
	case apierrors.IsNotFound(err), err == nil && object.GetUID() != meta.UID,
		err == nil && resource.UID != "" && resource.UID != string(meta.UID):
		return nil, notFound(key)
	case err != nil:
		return nil, plain(err)
	}
	return object, nil
}

// tell records who ran what, and how it ended.
func (i *Inspector) tell(app *v1alpha1.Application, request *v1alpha1.ApplicationAction, user string, err error) {
	what := fmt.Sprintf("%s ran action %s on %s %s", user, request.Action, request.Resource.Kind, request.Resource.Name)
	if err != nil {
		i.Recorder.Eventf(app, nil, corev1.EventTypeWarning, reasonActionRan, "Act", "%s, which failed: %v", what, err)
		return
	}
	i.Recorder.Eventf(app, nil, corev1.EventTypeNormal, reasonActionRan, "Act", "%s", what)
}
