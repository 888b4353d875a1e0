// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// ExperimentHandler visits the Rollout of an Experiment that came, changed or went.
func (r *Reconciler) ExperimentHandler() cache.ResourceEventHandler {
	return written.Watching(r.fresh.experiments, r.ownerChanged)
}

// experimentsOf returns the Experiments of a Rollout by name.
func (f fresh) experimentsOf(object *v1alpha1.Rollout) (map[string]*v1alpha1.Experiment, error) {
	list, err := written.Owned[*v1alpha1.Experiment](f.experiments, kind, object)
	experiments := make(map[string]*v1alpha1.Experiment, len(list))
	for _, experiment := range list {
		experiments[experiment.Name] = experiment
	}
	return experiments, err
}

// try makes the Experiment of a step, or takes the one that an earlier pass made.
func (p *pass) try(ctx context.Context, facts *rollout.Facts, trial rollout.Trial) error {
	wanted, err := facts.Experiment(trial)
	if err != nil {
		return fmt.Errorf("begin Experiment %s: %w", trial.Name, err)
	}
	experiments := p.Client.ArgoprojV1alpha1().Experiments(wanted.Namespace)
	stored, err := experiments.Create(ctx, wanted, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		stored, err = experiments.Get(ctx, wanted.Name, metav1.GetOptions{})
		if err == nil {
			err = analyses.MayTake(stored, wanted, facts.Rollout)
		}
	}
	if err != nil {
		return fmt.Errorf("begin Experiment %s: %w", trial.Name, err)
	}
	p.take(facts, stored)
	return nil
}

// endTrial asks an Experiment to come to its end.
func (p *pass) endTrial(ctx context.Context, facts *rollout.Facts, name string) error {
	experiment := facts.Experiments[name]
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": experiment.UID}, "spec": map[string]any{"terminate": true},
	})
	if err != nil {
		return err
	}
	stored, err := p.Client.ArgoprojV1alpha1().Experiments(experiment.Namespace).
		Patch(ctx, name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("end Experiment %s: %w", name, err)
	}
	p.take(facts, stored)
	return nil
}

// take puts an Experiment as it was written into the facts.
func (p *pass) take(facts *rollout.Facts, experiment *v1alpha1.Experiment) {
	p.fresh.experiments.Mutation(experiment)
	facts.Experiments = maps.Clone(facts.Experiments)
	facts.Experiments[experiment.Name] = experiment
}

// tidyExperiments deletes Experiments beyond those that the spec keeps, by UID.
func (p *pass) tidyExperiments(ctx context.Context, object *v1alpha1.Rollout, sets []*appsv1.ReplicaSet) error {
	experiments, err := p.fresh.experimentsOf(object)
	if err != nil {
		return err
	}
	for _, experiment := range rollout.SurplusExperiments(object, sets, experiments) {
		err = p.Client.ArgoprojV1alpha1().Experiments(experiment.Namespace).
			Delete(ctx, experiment.Name, metav1.DeleteOptions{
				Preconditions: metav1.NewUIDPreconditions(string(experiment.UID)),
			})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete Experiment %s: %w", experiment.Name, err)
		}
		p.fresh.experiments.OnDelete(experiment)
	}
	return nil
}
