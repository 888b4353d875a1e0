// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authorization/authorizer"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// use is the verb on clusters that lets somebody run pods there by objects which name the cluster.
const use = "use"

// ValidateCluster requires that the cluster which an object names can be the name of a Cluster: the right to use it is
// a right to that.
func ValidateCluster(object metav1.Object) field.ErrorList {
	name := object.GetAnnotations()[v1alpha1.AnnotationCluster]
	if name == "" {
		return nil
	}
	var problems field.ErrorList
	for _, problem := range validation.NameIsDNSSubdomain(name, false) {
		problems = append(problems, field.Invalid(clusterPath(), name, problem))
	}
	return problems
}

// SameCluster refuses to move an object to another cluster: what it has in the first would be left behind.
func SameCluster(updated, current metav1.Object) field.ErrorList {
	now := updated.GetAnnotations()[v1alpha1.AnnotationCluster]
	before := current.GetAnnotations()[v1alpha1.AnnotationCluster]
	if now == before {
		return nil
	}
	return field.ErrorList{field.Forbidden(clusterPath(),
		fmt.Sprintf("it stays %q: to use another cluster, create another object", before))}
}

func clusterPath() *field.Path {
	return field.NewPath("metadata", "annotations").Key(v1alpha1.AnnotationCluster)
}

// Placed guards the main resource of a kind whose objects may name another cluster to run pods in. Who writes what runs
// there needs the verb use on that Cluster.
type Placed struct {
	Resource   schema.GroupResource
	Authorizer authorizer.UnconditionalAuthorizer
}

// Judge fails where what an object runs changes, and the client may not use the cluster that it names.
func (p Placed) Judge(ctx context.Context, before, after runtime.Object) error {
	if after == nil {
		return nil
	}
	if before != nil {
		same, err := runsTheSame(after, before)
		if err != nil || same {
			return err
		}
	}
	return p.permit(ctx, after)
}

// permit fails where an object names a cluster that the client may not use.
func (p Placed) permit(ctx context.Context, object runtime.Object) error {
	described, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	cluster := described.GetAnnotations()[v1alpha1.AnnotationCluster]
	if cluster == "" || IsOwn(ctx) {
		return nil
	}
	err = Permit(ctx, p.Authorizer, authorizer.AttributesRecord{
		Verb: use, Name: cluster, APIGroup: capstan.GroupName, APIVersion: capstan.SchemeGroupVersion.Version,
		Resource: "clusters",
	}, fmt.Sprintf("%s: to run pods in cluster %q needs the verb use on clusters.capstan.dev; see: kubectl auth "+
		"can-i use clusters.capstan.dev/%s", clusterPath(), cluster, cluster))
	if err != nil {
		return apierrors.NewForbidden(p.Resource, described.GetName(), err)
	}
	return nil
}

// runsTheSame reports whether an update leaves alone all that decides what an object runs: its specification, labels
// and annotations. Whoever deletes or orphans an object needs no right to its cluster.
func runsTheSame(object, old runtime.Object) (bool, error) {
	now, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return false, err
	}
	before, err := runtime.DefaultUnstructuredConverter.ToUnstructured(old)
	if err != nil {
		return false, err
	}
	described, err := meta.Accessor(object)
	if err != nil {
		return false, err
	}
	known, err := meta.Accessor(old)
	if err != nil {
		return false, err
	}
	return apiequality.Semantic.DeepEqual(now["spec"], before["spec"]) &&
		apiequality.Semantic.DeepEqual(described.GetAnnotations(), known.GetAnnotations()) &&
		apiequality.Semantic.DeepEqual(described.GetLabels(), known.GetLabels()), nil
}
