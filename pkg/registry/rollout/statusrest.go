// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// StatusREST serves rollouts/status. The controller writes all of it; of anybody else it takes what the peer's kubectl
// plugin writes there, with the rights that the subresources of those actions need.
type StatusREST struct {
	*registry.StatusREST
	people people
}

// Update writes the status; it never creates.
func (r *StatusREST) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc,
	update rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	var names []string
	// It is judged on the object that is replaced, and anew where that was another one in the end.
	permitted := func(ctx context.Context, object, old runtime.Object) error {
		if err := update(ctx, object, old); err != nil {
			return err
		}
		var err error
		names, err = r.people.permit(ctx, registry.As[*v1alpha1.Rollout](old), registry.As[*v1alpha1.Rollout](object))
		return err
	}
	changed, created, err := r.StatusREST.Update(ctx, name, info, create, permitted, false, options)
	if err == nil && len(options.DryRun) == 0 {
		r.people.tell(ctx, registry.As[*v1alpha1.Rollout](changed), names)
	}
	return changed, created, err
}
