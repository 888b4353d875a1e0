// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/inspection"
)

// inspector answers what is asked of the objects of Applications.
func (c *control) inspector() *inspection.Inspector {
	return &inspection.Inspector{
		Places: c.applications, Rules: c.rules, Host: c,
		Book: c.actions, Applier: c.applier, Recorder: c.events,
	}
}

// ApplicationEvents reads the Events about an Application in the host cluster; a detached server has none.
func (c *control) ApplicationEvents(
	ctx context.Context, app *argov1alpha1.Application, limit int64,
) ([]corev1.Event, error) {
	if c.hostEvents == nil {
		return nil, nil
	}
	list, err := c.hostEvents.Events(app.Namespace).List(ctx, metav1.ListOptions{
		Limit:         limit,
		FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", string(app.UID)).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("list the Events of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	return list.Items, nil
}
