// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authorization/authorizer"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// driver guards Rollouts that name a workload which replaces its own pods: the server holds that, and deletes its pods.
// Who has it do so needs the right to patch the workload.
type driver struct {
	authorizer authorizer.UnconditionalAuthorizer
}

// Judge fails where a Rollout begins to drive a workload that the client may not patch. In another cluster the right to
// use that is asked for instead.
func (d driver) Judge(ctx context.Context, before, after runtime.Object) error {
	if after == nil || registry.IsOwn(ctx) {
		return nil
	}
	object := registry.As[*v1alpha1.Rollout](after)
	if !rollout.ReplacesInPlace(object) || rollout.ClusterOf(object) != "" {
		return nil
	}
	if before != nil && sameWorkload(object, registry.As[*v1alpha1.Rollout](before)) {
		return nil
	}
	ref := object.Spec.WorkloadRef
	resource := rollout.WorkloadKinds()[ref.Kind]
	err := registry.Permit(ctx, d.authorizer, authorizer.AttributesRecord{
		Verb: "patch", Namespace: object.Namespace, Name: ref.Name,
		APIGroup: resource.Group, APIVersion: resource.Version, Resource: resource.Resource,
	}, fmt.Sprintf("%s: to replace the pods of %s %q needs the right to patch it; see: "+
		"kubectl auth can-i patch %s/%s -n %s",
		field.NewPath("spec", "workloadRef"), ref.Kind, ref.Name, resource.GroupResource(), ref.Name, object.Namespace))
	if err != nil {
		return apierrors.NewForbidden(v1alpha1.Resource("rollouts"), object.Name, err)
	}
	return nil
}
