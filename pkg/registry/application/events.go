// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Events reads what happened to an Application and to its tree.
type Events interface {
	Events(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.ApplicationEvents, error)
}

// EventsREST shows the newest Events: get applications/events.
type EventsREST struct {
	recorded recorded
	events   Events
}

var _ rest.Getter = &EventsREST{}

// New returns an empty list.
func (*EventsREST) New() runtime.Object { return &v1alpha1.ApplicationEvents{} }

// Destroy does nothing: the store belongs to the main resource.
func (*EventsREST) Destroy() {}

// Get reads the Events of the Application of a name.
func (r *EventsREST) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	app, err := r.recorded.read(ctx, name)
	if err != nil {
		return nil, err
	}
	answer, err := r.events.Events(ctx, app)
	if err != nil {
		return nil, unprocessable(app, err)
	}
	return answer, nil
}
