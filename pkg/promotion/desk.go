// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/capstan/v1alpha1"
)

// Roles tells who holds the roles that policies name.
type Roles interface {
	// Holds asks anew whether somebody holds a role in a namespace; "" is every namespace.
	Holds(ctx context.Context, who capstan.Approver, namespace, role string) (bool, error)
	// May asks anew whether somebody has a verb on an object.
	May(
		ctx context.Context, who capstan.Approver, verb string, on schema.GroupResource, namespace, name string,
	) (bool, error)
}

// Options are the parts that a Desk works with.
type Options struct {
	// Client reads and writes the store as the server itself.
	Client versioned.Interface
	// Policies and Clusters are caches.
	Policies listers.PromotionPolicyLister
	Clusters listers.ClusterLister
	// Synced reports whether the caches are filled.
	Synced func() bool
	// UID is that of the cluster which a destination names, "" where it is not known.
	UID     func(to v1alpha1.ApplicationDestination) types.UID
	Roles   Roles
	Clock   clock.PassiveClock
	Metrics *Metrics
	// Retention is how long a Plan is kept that is not deployed, and what was said of one that is gone; zero keeps them
	// for ever.
	Retention time.Duration
	// Sweep deletes manifests that no Plan names.
	Sweep func(context.Context) error
}

// Desk is where the gate is asked.
type Desk struct {
	Options
	rules *shared[rulebook]
}

// New returns a Desk.
func New(options Options) *Desk {
	d := &Desk{Options: options}
	d.rules = &shared[rulebook]{load: d.stored}
	return d
}

// readSoon bounds how long a request waits for the caches of a server that has just begun.
const readSoon = 5 * time.Second

// admitted is what the gate asks of an Application that a request would write, once the caches are filled.
func (d *Desk) admitted(ctx context.Context, app *v1alpha1.Application) (gate.Requirement, error) {
	if err := d.filled(ctx); err != nil {
		return gate.Requirement{}, err
	}
	return d.Requirement(app, d.UID(app.Spec.Destination))
}

// filled waits until the caches are filled: what is not read yet must not be taken for ungated.
func (d *Desk) filled(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, readSoon, true, func(context.Context) (bool, error) {
		return d.Synced(), nil
	})
	if err != nil {
		return apierrors.NewServiceUnavailable("what is gated is not read yet: try again")
	}
	return nil
}
