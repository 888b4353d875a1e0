// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
)

// Gate judges who may end what somebody goes on by.
type Gate interface {
	// End fails where a Rollout in production goes on by an object, and somebody may not skip its analyses.
	End(ctx context.Context, object metav1.Object, who user.Info) error
}

// Ending guards what Rollouts and Experiments go on by: to end it, to delete it, or to take it from its owner is to
// skip what it would have found.
type Ending struct {
	Awaited Awaited
	Gate    Gate
	// Ends says that an object was asked to come to its end.
	Ends func(object runtime.Object) bool
}

// Judge asks the gate where a client ends what is awaited. The server does so where nobody waits any more.
func (e Ending) Judge(ctx context.Context, before, after runtime.Object) error {
	if before == nil || IsOwn(ctx) {
		return nil
	}
	object, err := meta.Accessor(before)
	if err != nil {
		return err
	}
	of := e.Awaited.of(object)
	if of == (waiter{}) {
		return nil
	}
	if after != nil {
		updated, err := meta.Accessor(after)
		if err != nil {
			return err
		}
		if of == e.Awaited.of(updated) && e.Ends(before) == e.Ends(after) {
			return nil
		}
	}
	return e.Gate.End(ctx, object, Client(ctx))
}
