// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// provide lets each template of an Experiment that is not over have its pods and its Service.
func (p *pass) provide() {
	if p.over() {
		return
	}
	for i := range p.Experiment.Spec.Templates {
		template := &p.Experiment.Spec.Templates[i]
		set := p.setOf(template.Name)
		if set == nil && !p.ending() {
			// Validation has read the template.
			made, err := newSet(p.Experiment, template)
			if err != nil {
				continue
			}
			set = made
		}
		if set != nil {
			p.change(SetChange{Template: template.Name, Set: set, Replicas: ptr.Deref(template.Replicas, defaultReplicas)})
			p.serve(template, set)
		}
	}
}

// newSet returns the ReplicaSet of a template, not made yet. Its hash is that of the template, of the Experiment and of
// the template's name: no Service and no other ReplicaSet may take its pods for theirs, be the template the same.
func newSet(experiment *v1alpha1.Experiment, spec *v1alpha1.TemplateSpec) (*appsv1.ReplicaSet, error) {
	digest, err := rollout.Digest(spec.Template)
	if err != nil {
		return nil, err
	}
	template, err := spec.Template.Decode()
	if err != nil {
		return nil, err
	}
	hash := rollout.Hash(fmt.Sprintf("%s/%s/%s", digest, experiment.UID, spec.Name), nil)
	selector := spec.Selector.DeepCopy()
	selector.MatchLabels = labelled(selector.MatchLabels, hash)
	template.Labels = labelled(template.Labels, hash)
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: experiment.Name + "-" + spec.Name, Namespace: experiment.Namespace,
			Labels: labelled(markOf(experiment), hash), Annotations: annotationsOf(experiment, spec.Name),
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas:        new(ptr.Deref(spec.Replicas, defaultReplicas)),
			MinReadySeconds: ptr.Deref(spec.MinReadySeconds, 0),
			Selector:        selector,
			Template:        *template,
		},
	}
	owner.Experiment(experiment).Own(set)
	return set, nil
}

// labelled returns labels with a pod template hash.
func labelled(labels map[string]string, hash string) map[string]string {
	with := map[string]string{}
	maps.Copy(with, labels)
	with[v1alpha1.LabelPodTemplateHash] = hash
	return with
}

// markOf says to what Experiment a ReplicaSet or a Service belongs.
func markOf(experiment *v1alpha1.Experiment) map[string]string {
	return map[string]string{v1alpha1.LabelExperimentUID: string(experiment.UID)}
}

// annotationsOf says whose a ReplicaSet or a Service is, as the peer finds its own.
func annotationsOf(experiment *v1alpha1.Experiment, template string) map[string]string {
	return map[string]string{
		v1alpha1.AnnotationExperimentName: experiment.Name, v1alpha1.AnnotationExperimentTemplateName: template,
	}
}

// retire scales down what no template needs any more, once its delay has passed, and deletes the Services whose pods
// are gone.
func (p *pass) retire() {
	for _, set := range p.Sets {
		name := set.Annotations[v1alpha1.AnnotationExperimentTemplateName]
		size := ptr.Deref(set.Spec.Replicas, 1)
		if p.needs(name) {
			continue
		}
		if size > 0 {
			p.change(p.delayed(SetChange{Template: name, Set: set, Replicas: size}))
		} else {
			p.change(SetChange{Template: name, Set: set})
		}
	}
	p.dismiss()
}

// needs says that the Experiment runs pods of a template.
func (p *pass) needs(name string) bool { return !p.over() && p.templateOf(name) != nil }

// templateOf returns the template of a name, nil where there is none.
func (p *pass) templateOf(name string) *v1alpha1.TemplateSpec {
	for i := range p.Experiment.Spec.Templates {
		if p.Experiment.Spec.Templates[i].Name == name {
			return &p.Experiment.Spec.Templates[i]
		}
	}
	return nil
}

// delayed keeps the pods of a ReplicaSet until its deadline, which begins when it is first asked for.
func (p *pass) delayed(change SetChange) SetChange {
	delay := time.Duration(ptr.Deref(p.Experiment.Spec.ScaleDownDelaySeconds, defaultScaleDownDelay)) * time.Second
	deadline := deadlineOf(change.Set)
	if deadline.IsZero() {
		deadline = p.Now.Add(delay).Truncate(time.Second)
	}
	if delay <= 0 || !p.Now.Before(deadline) {
		change.Replicas = 0
		return change
	}
	p.wake(deadline)
	change.Deadline = deadline
	return change
}

// deadlineOf is when a ReplicaSet is scaled down; zero is no such time.
func deadlineOf(set *appsv1.ReplicaSet) time.Time {
	deadline, err := time.Parse(time.RFC3339, set.Annotations[v1alpha1.AnnotationScaleDownDeadline])
	if err != nil {
		// What nobody can read was not put there by an Experiment.
		return time.Time{}
	}
	return deadline
}

// change lists a ReplicaSet that is not as it should be.
func (p *pass) change(change SetChange) {
	if change.Set.UID == "" || change.from() != change.Replicas || !deadlineOf(change.Set).Equal(change.Deadline) {
		p.Changes = append(p.Changes, change)
	}
}

// from is the number of pods so far.
func (c SetChange) from() int32 {
	if c.Set.UID == "" {
		return 0
	}
	return ptr.Deref(c.Set.Spec.Replicas, 1)
}

// Events tell of the change once it was made.
func (c SetChange) Events() []rollout.Event {
	direction := "up"
	switch from := c.from(); {
	case from == c.Replicas:
		return nil
	case from > c.Replicas:
		direction = "down"
	}
	return []rollout.Event{{Done: true, Reason: "ScalingReplicaSet", Message: fmt.Sprintf(
		"Scaled %s ReplicaSet %s from %d to %d", direction, c.Set.Name, c.from(), c.Replicas)}}
}
