// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/utils/clock"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

// approvalRoles is the resource of which people hold names by the verb approve. There are no such objects.
const approvalRoles = "approvalroles"

// roles asks who may do what, anew each time: what a cache remembers for seconds may have been taken away.
type roles struct {
	// reviews asks the host cluster; nil in a detached server, which asks decide.
	reviews authorizationclient.SubjectAccessReviewInterface
	decide  authorizer.Authorizer
}

func (p *product) newDesk(c *control, d Dependencies) (*promotion.Desk, error) {
	asked := roles{decide: d.Authorizer}
	if d.Host != nil {
		client, err := builtinKinds(d.Host)
		if err != nil {
			return nil, err
		}
		asked.reviews = client.AuthorizationV1().SubjectAccessReviews()
	}
	metrics, err := promotion.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	own := c.own.Capstan().V1alpha1()
	return promotion.New(promotion.Options{
		Client: c.client, Policies: own.PromotionPolicies().Lister(), Clusters: own.Clusters().Lister(),
		UID: c.clusterUID, Roles: asked, Clock: clock.RealClock{}, Metrics: metrics, Retention: p.retention,
		Synced: c.gateKnown, Sweep: c.plans.Sweep,
	}), nil
}

// gateKnown reports whether all that says what is gated was read: what is not known yet must not be taken for ungated.
func (c *control) gateKnown() bool {
	own := c.own.Capstan().V1alpha1()
	return own.PromotionPolicies().Informer().HasSynced() && own.Clusters().Informer().HasSynced()
}

// clusterUID is the UID of the cluster that a destination names: as read over the connection, else as the leader read
// it.
func (c *control) clusterUID(to argov1alpha1.ApplicationDestination) types.UID {
	known, err := c.named(to)
	if err != nil {
		return ""
	}
	if uid := known.Status().UID; uid != "" {
		return uid
	}
	objects, err := c.own.Capstan().V1alpha1().Clusters().Lister().List(labels.Everything())
	if err != nil {
		return ""
	}
	for _, object := range objects {
		if object.Spec.Server == known.Server() {
			return object.Status.UID
		}
	}
	return ""
}

// gated reports whether the gate is before an Application; one that cannot be told is gated.
func (c *control) gated(app *argov1alpha1.Application) bool {
	needed, err := c.desk.Requirement(app, c.clusterUID(app.Spec.Destination))
	return err != nil || needed.Gated
}

// Holds reports whether somebody has the verb approve on a role.
func (r roles) Holds(ctx context.Context, who capstanv1alpha1.Approver, namespace, role string) (bool, error) {
	return r.allowed(ctx, who, authorizationv1.ResourceAttributes{
		Group: capstanv1alpha1.GroupName, Version: capstanv1alpha1.SchemeGroupVersion.Version, Resource: approvalRoles,
		Verb: "approve", Namespace: namespace, Name: role,
	})
}

// May reports whether somebody has a verb on an object.
func (r roles) May(
	ctx context.Context, who capstanv1alpha1.Approver, verb string, on schema.GroupResource, namespace, name string,
) (bool, error) {
	return r.allowed(ctx, who, authorizationv1.ResourceAttributes{
		Group: on.Group, Version: "*", Resource: on.Resource, Verb: verb, Namespace: namespace, Name: name,
	})
}

func (r roles) allowed(
	ctx context.Context, who capstanv1alpha1.Approver, asked authorizationv1.ResourceAttributes,
) (bool, error) {
	if r.reviews == nil {
		return r.decided(ctx, who, asked)
	}
	extra := make(map[string]authorizationv1.ExtraValue, len(who.Extra))
	for key, values := range who.Extra {
		extra[key] = values
	}
	review, err := r.reviews.Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: who.Username, UID: who.UID, Groups: who.Groups, Extra: extra, ResourceAttributes: &asked,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed && !review.Status.Denied, nil
}

func (r roles) decided(
	ctx context.Context, who capstanv1alpha1.Approver, asked authorizationv1.ResourceAttributes,
) (bool, error) {
	decision, _, err := r.decide.Authorize(ctx, authorizer.AttributesRecord{
		User: &user.DefaultInfo{Name: who.Username, UID: who.UID, Groups: who.Groups, Extra: who.Extra},
		Verb: asked.Verb, Namespace: asked.Namespace, Name: asked.Name, APIGroup: asked.Group, APIVersion: asked.Version,
		Resource: asked.Resource, ResourceRequest: true,
	})
	return decision == authorizer.DecisionAllow, err
}

// everywhere asks for a role in all namespaces.
type everywhere struct{ *promotion.Desk }

// Holds reports whether somebody has the verb approve on a role in every namespace.
func (e everywhere) Holds(ctx context.Context, who capstanv1alpha1.Approver, role string) (bool, error) {
	return e.Roles.Holds(ctx, who, "", role)
}
