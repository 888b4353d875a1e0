// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// override is the verb on rollouts that skips steps and analyses in production, and goes back to an earlier revision.
const override = "override"

// Override says whether somebody may skip what the steps of a Rollout ask for, or leave its desired template. Where the
// cluster of its pods is production, it takes a right of its own.
func (d *Desk) Override(ctx context.Context, rollout *v1alpha1.Rollout, who user.Info) error {
	if err := d.filled(ctx); err != nil {
		return err
	}
	guarded, err := d.inProduction(rollout)
	if err != nil || !guarded {
		return err
	}
	rollouts := v1alpha1.Resource("rollouts")
	may, err := d.Roles.May(ctx, ApproverOf(who), override, rollouts, rollout.Namespace, rollout.Name)
	switch {
	case err != nil:
		return d.Answer(ctx, rollouts, rollout.Name, gate.Verdict{Decision: gate.Hold, Reason: gate.ReasonBlind,
			Message: "the host cluster could not tell who may " + override + " Rollouts"})
	case may:
		d.Tell(ctx, rollouts, gate.Verdict{Decision: gate.Allow, Reason: gate.ReasonGranted})
		return nil
	default:
		return d.Answer(ctx, rollouts, rollout.Name, gate.Verdict{Decision: gate.Deny, Reason: reasonVerb,
			Message: fmt.Sprintf("in production, to skip steps or analyses, or to go back to an earlier revision, needs the "+
				"verb %s on rollouts.argoproj.io; see: kubectl auth can-i %s rollouts.argoproj.io/%s -n %s",
				override, override, rollout.Name, rollout.Namespace)})
	}
}

// End says whether somebody may end, delete or take away what a Rollout goes on by: that skips an analysis.
func (d *Desk) End(ctx context.Context, object metav1.Object, who user.Info) error {
	waiting, err := d.waiting(ctx, object)
	switch {
	case err != nil:
		return d.Answer(ctx, v1alpha1.Resource("rollouts"), metav1.GetControllerOfNoCopy(object).Name, gate.Verdict{
			Decision: gate.Hold, Reason: gate.ReasonBlind, Message: "which Rollout goes on by it could not be read: try again"})
	case waiting == nil:
		return nil
	default:
		return d.Override(ctx, waiting, who)
	}
}

// waiting returns the Rollout that goes on by an object, or by the Experiment that does; nil where there is none. One
// that is being deleted goes on no more, nor does such an Experiment.
func (d *Desk) waiting(ctx context.Context, object metav1.Object) (*v1alpha1.Rollout, error) {
	own := d.Client.ArgoprojV1alpha1()
	if metav1.GetControllerOfNoCopy(object).Kind == "Experiment" {
		experiment, err := controller(ctx, object, own.Experiments(object.GetNamespace()).Get)
		if err != nil || experiment == nil {
			return nil, err
		}
		object = experiment
	}
	if owner := metav1.GetControllerOfNoCopy(object); owner == nil || owner.Kind != "Rollout" {
		return nil, nil
	}
	return controller(ctx, object, own.Rollouts(object.GetNamespace()).Get)
}

// controller reads what controls an object from the store, nil where it is gone or going.
func controller[T metav1.Object](
	ctx context.Context, of metav1.Object, get func(context.Context, string, metav1.GetOptions) (T, error),
) (T, error) {
	var none T
	owner := metav1.GetControllerOfNoCopy(of)
	found, err := get(ctx, owner.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return none, nil
	case err != nil:
		return none, err
	case found.GetUID() != owner.UID, found.GetDeletionTimestamp() != nil:
		return none, nil
	default:
		return found, nil
	}
}

// inProduction reports whether the gate is in use, and counts the cluster of a Rollout's pods as production.
func (d *Desk) inProduction(rollout *v1alpha1.Rollout) (bool, error) {
	book, err := d.cached()
	if err != nil {
		return false, err
	}
	at := v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer}
	if name := rollout.Annotations[v1alpha1.AnnotationCluster]; name != "" {
		at = v1alpha1.ApplicationDestination{Name: name}
	}
	return gate.InUse(book.policies, book.clusters) && gate.TierOf(d.UID(at), book.clusters) == gate.TierProduction, nil
}
