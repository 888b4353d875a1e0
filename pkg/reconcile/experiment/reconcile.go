// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/experiment"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// rounds is how often a pass decides: what a decision changed may let another be taken at once.
const rounds = 8

// reconcile takes an Experiment as far as it goes now, and says when to look again.
func (p *pass) reconcile(ctx context.Context, object *v1alpha1.Experiment) (time.Duration, error) {
	facts, err := p.gather(object)
	if err != nil {
		return 0, err
	}
	var decision experiment.Decision
	var happened []rollout.Event
	for range rounds {
		decision = p.decide(&facts)
		deeds, actErr := p.act(ctx, &facts, decision)
		happened = append(append(happened, decision.Events...), deeds...)
		if err = actErr; err != nil {
			break
		}
		facts = facts.After(decision.Status)
		if decision.Idle() {
			break
		}
	}
	if err == nil {
		err = p.write(ctx, object, decision.Status)
	}
	if err != nil {
		// What the status would have told of is decided and told again; what was done is not.
		p.tell(object, rollout.Deeds(happened))
		return 0, err
	}
	p.tell(object, happened)
	if p.site.asked && !facts.Settled() {
		return queue.Sooner(decision.Again, askAgain), nil
	}
	return decision.Again, nil
}

// gather reads what a decision needs.
func (p *pass) gather(object *v1alpha1.Experiment) (experiment.Facts, error) {
	facts := experiment.Facts{
		Experiment: object, Now: p.Clock.Now(), Runs: map[string]*v1alpha1.AnalysisRun{},
		Unready: map[string]error{}, Refused: map[string]error{},
	}
	var err error
	if facts.Sets, err = written.Owned[*appsv1.ReplicaSet](p.site.sets, Kind, object); err != nil {
		return facts, err
	}
	if facts.Services, err = written.Owned[*corev1.Service](p.site.services, Kind, object); err != nil {
		return facts, err
	}
	runs, err := written.Owned[*v1alpha1.AnalysisRun](p.runs, Kind, object)
	for _, run := range runs {
		facts.Runs[run.Name] = run
	}
	return facts, err
}

// decide decides, and decides anew where an analysis that would begin cannot be composed.
func (r *Reconciler) decide(facts *experiment.Facts) experiment.Decision {
	decision := experiment.Decide(*facts)
	for _, run := range decision.Begun {
		if _, err := r.compose(facts.After(decision.Status), run); err != nil {
			facts.Unready[run.Analysis.Name] = err
		}
	}
	if len(decision.Begun) > 0 && len(facts.Unready) > 0 {
		return experiment.Decide(*facts)
	}
	return decision
}

// write writes a status that says something new in the place of the one that it was decided from; one that a client
// changed meanwhile is a conflict, and is decided anew.
func (r *Reconciler) write(ctx context.Context, object *v1alpha1.Experiment, status v1alpha1.ExperimentStatus) error {
	if equality.Semantic.DeepEqual(object.Status, status) {
		return nil
	}
	body := object.DeepCopy()
	body.Status = status
	stored, err := r.Client.ArgoprojV1alpha1().Experiments(object.Namespace).
		UpdateStatus(ctx, body, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("write the status of Experiment %s: %w", object.Name, err)
	}
	r.experiments.Mutation(stored)
	return nil
}

// tell emits Events, those of one reason in one: what is told of one version of an object with the same reason counts
// as repeated.
func (r *Reconciler) tell(object *v1alpha1.Experiment, happened []rollout.Event) {
	for _, event := range rollout.Summed(happened) {
		level := corev1.EventTypeNormal
		if event.Warning {
			level = corev1.EventTypeWarning
		}
		r.Events.Eventf(object, nil, level, event.Reason, "Reconcile", "%s", event.Message)
	}
}
