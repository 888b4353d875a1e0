// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

// rollingSync is the strategy that this version does not follow.
const rollingSync = "RollingSync"

// reconcile makes the Applications of one set what it says, and reports. An error says that
// it is worth trying again.
func (r *Reconciler) reconcile(ctx context.Context, set *v1alpha1.ApplicationSet) error {
	owned, err := r.owned(set)
	if err != nil {
		return err
	}
	made, err := r.generate(set)
	if err != nil {
		return r.report(ctx, set, observation{apps: owned, problems: []*generate.Failure{failureOf(err)}})
	}
	foreign, err := r.foreign(set, owned, made)
	if err != nil {
		return err
	}
	d := decide(situation{set: set, owned: owned, foreign: foreign, made: made, placed: r.placed, gated: r.Gated})
	if set, err = r.hold(ctx, set, len(d.creates)+len(owned) > 0); err != nil {
		return err
	}
	problems, retry := r.carryOut(ctx, set, d)
	if retry != nil && len(problems) == 0 {
		// Somebody else wrote at the same time: what holds then is for the next pass to say.
		return retry
	}
	seen := observation{apps: outcome(owned, d, problems), generated: true, problems: problems}
	if err := r.report(ctx, set, seen); err != nil {
		return errors.Join(err, retry)
	}
	return retry
}

// generate says what a set amounts to, unless it asks for what this version does not do.
func (r *Reconciler) generate(set *v1alpha1.ApplicationSet) (generate.Output, error) {
	if set.Namespace != r.Namespace {
		// Elsewhere it would read clusters that its author may not see (as Argo CD 3.5 by default).
		return generate.Output{}, &generate.Failure{
			Reason: v1alpha1.ApplicationSetReasonApplicationValidationError,
			Err:    fmt.Errorf("metadata.namespace: ApplicationSets work in namespace %q only; nothing is changed", r.Namespace),
		}
	}
	if strategy := set.Spec.Strategy; strategy != nil && strategy.Type == rollingSync {
		return generate.Output{}, &generate.Failure{
			Reason: v1alpha1.ApplicationSetReasonApplicationValidationError,
			Err:    errors.New("spec.strategy.type: this version has no RollingSync, only AllAtOnce; nothing is changed"),
		}
	}
	if err := checkPolicy(set); err != nil {
		return generate.Output{}, err
	}
	if err := checkIgnored(set.Spec.IgnoreApplicationDifferences); err != nil {
		return generate.Output{}, err
	}
	known := r.Clusters.List()
	destinations := make([]cluster.Destination, 0, len(known))
	for _, each := range known {
		destinations = append(destinations, each.Destination())
	}
	made, err := generate.Applications(set, destinations)
	made.Problems = append(made.Problems, r.unread(set)...)
	return made, err
}

// unread says which clusters a set with a clusters generator may lack: those whose Secrets
// cannot be read. Their Applications are not known to be unwanted.
func (r *Reconciler) unread(set *v1alpha1.ApplicationSet) []*generate.Failure {
	if r.Unread == nil || !readsClusters(set) {
		return nil
	}
	secrets := r.Unread()
	problems := make([]*generate.Failure, 0, len(secrets))
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		problems = append(problems, &generate.Failure{
			Reason: v1alpha1.ApplicationSetReasonApplicationParamsGenerationError,
			Err: fmt.Errorf("cluster Secret %s cannot be read; no Application is deleted until it can: %w",
				name, secrets[name]),
		})
	}
	return problems
}

func checkPolicy(set *v1alpha1.ApplicationSet) error {
	known := []v1alpha1.ApplicationsSyncPolicy{
		v1alpha1.ApplicationsSyncPolicyCreateOnly, v1alpha1.ApplicationsSyncPolicyCreateUpdate,
		v1alpha1.ApplicationsSyncPolicyCreateDelete, v1alpha1.ApplicationsSyncPolicySync,
	}
	if slices.Contains(known, policy(set)) {
		return nil
	}
	return &generate.Failure{
		Reason: v1alpha1.ApplicationSetReasonApplicationValidationError,
		Err:    fmt.Errorf("spec.syncPolicy.applicationsSync: %q is none of %q", policy(set), known),
	}
}

// foreign returns the Applications that have a generated name and that the set did not make.
func (r *Reconciler) foreign(
	set *v1alpha1.ApplicationSet, owned map[string]*v1alpha1.Application, made generate.Output,
) (map[string]*v1alpha1.Application, error) {
	foreign := map[string]*v1alpha1.Application{}
	for _, each := range made.Applications {
		name := each.Application.Name
		if owned[name] != nil {
			continue
		}
		app, err := r.application(set.Namespace, name)
		if err != nil {
			return nil, err
		}
		if app != nil {
			foreign[name] = app
		}
	}
	return foreign, nil
}

// placed reports whether a destination is registered. One that is named twice is.
func (r *Reconciler) placed(to v1alpha1.ApplicationDestination) bool {
	var err error
	if to.Server != "" {
		_, err = r.Clusters.ByServer(to.Server)
	} else {
		_, err = r.Clusters.ByName(to.Name)
	}
	var unknown *cluster.NotFoundError
	return !errors.As(err, &unknown)
}

// hold sees to it that the set outlives its Applications where it has any.
func (r *Reconciler) hold(
	ctx context.Context, set *v1alpha1.ApplicationSet, needed bool,
) (*v1alpha1.ApplicationSet, error) {
	if !needed || slices.Contains(set.Finalizers, Finalizer) {
		return set, nil
	}
	changed := set.DeepCopy()
	changed.Finalizers = append(changed.Finalizers, Finalizer)
	held, err := r.Client.ArgoprojV1alpha1().ApplicationSets(set.Namespace).Update(ctx, changed, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("set the finalizer of ApplicationSet %s: %w", set.Name, err)
	}
	return held, nil
}

// outcome is what the Applications are after a decision was carried out, before the watch
// tells. One with a finalizer stays until that is gone.
func outcome(
	owned map[string]*v1alpha1.Application, d decision, problems []*generate.Failure,
) map[string]*v1alpha1.Application {
	apps := make(map[string]*v1alpha1.Application, len(owned)+len(d.creates))
	for name, app := range owned {
		apps[name] = app
	}
	if len(problems) > 0 {
		return apps
	}
	for _, app := range d.creates {
		apps[app.Name] = app
	}
	for _, each := range d.deletes {
		if len(each.app.Finalizers) == 0 {
			delete(apps, each.app.Name)
		}
	}
	return apps
}
