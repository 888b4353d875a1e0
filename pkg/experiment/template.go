// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// watchTemplates writes how far the pods of each template are.
func (p *pass) watchTemplates() {
	for i := range p.Experiment.Spec.Templates {
		template := &p.Experiment.Spec.Templates[i]
		status := p.templateStatus(template.Name)
		before := status.Status
		p.count(status, p.setOf(template.Name))
		if !before.Completed() {
			p.rate(template, status)
		}
		if status.Status != before {
			message := fmt.Sprintf("Template '%s' transitioned from %s -> %s", template.Name, before, status.Status)
			if status.Message != "" {
				message += ": " + status.Message
			}
			failed := status.Status == v1alpha1.TemplateStatusFailed || status.Status == v1alpha1.TemplateStatusError
			p.tell("Template"+string(status.Status), failed, "%s", message)
		}
	}
	if p.Status.AvailableAt == nil && p.available() {
		p.Status.AvailableAt = p.moment()
	}
}

// templateStatus returns the status of a template, which is added where there is none.
func (p *pass) templateStatus(name string) *v1alpha1.TemplateStatus {
	at := slices.IndexFunc(p.Status.TemplateStatuses,
		func(status v1alpha1.TemplateStatus) bool { return status.Name == name })
	if at < 0 {
		at = len(p.Status.TemplateStatuses)
		p.Status.TemplateStatuses = append(p.Status.TemplateStatuses, v1alpha1.TemplateStatus{Name: name})
	}
	status := &p.Status.TemplateStatuses[at]
	if status.LastTransitionTime == nil {
		status.LastTransitionTime = p.moment()
	}
	return status
}

// setOf returns the ReplicaSet of a template, nil where there is none.
func (f Facts) setOf(template string) *appsv1.ReplicaSet {
	for _, set := range f.Sets {
		if set.Annotations[v1alpha1.AnnotationExperimentTemplateName] == template {
			return set
		}
	}
	return nil
}

// count takes over the numbers of pods. The time in which there must be progress begins anew with each change.
func (p *pass) count(status *v1alpha1.TemplateStatus, set *appsv1.ReplicaSet) {
	before := *status
	status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, status.AvailableReplicas = 0, 0, 0, 0
	if set != nil {
		status.Replicas, status.UpdatedReplicas = set.Status.Replicas, set.Status.Replicas
		status.ReadyReplicas, status.AvailableReplicas = set.Status.ReadyReplicas, set.Status.AvailableReplicas
		status.PodTemplateHash = rollout.HashOf(set)
	}
	if before.Replicas != status.Replicas || before.ReadyReplicas != status.ReadyReplicas ||
		before.AvailableReplicas != status.AvailableReplicas {
		status.LastTransitionTime = p.moment()
	}
}

// rate says how a template is that has not come to its end.
func (p *pass) rate(template *v1alpha1.TemplateSpec, status *v1alpha1.TemplateStatus) {
	desired := ptr.Deref(template.Replicas, defaultReplicas)
	deadline := ptr.Deref(p.Experiment.Spec.ProgressDeadlineSeconds, defaultProgressDeadline)
	due := status.LastTransitionTime.Add(time.Duration(deadline) * time.Second)
	set := p.setOf(template.Name)
	there := set != nil && ptr.Deref(set.Spec.Replicas, 1) == desired && status.AvailableReplicas == desired
	switch {
	case p.Refused[template.Name] != nil:
		status.Status, status.Message = v1alpha1.TemplateStatusError, p.Refused[template.Name].Error()
	case p.ending() || there && p.elapsed():
		status.Status = v1alpha1.TemplateStatusSuccessful
	case there:
		status.Status = v1alpha1.TemplateStatusRunning
	case p.Now.After(due):
		status.Status = v1alpha1.TemplateStatusFailed
		status.Message = fmt.Sprintf("Template '%s' exceeded its progressDeadlineSeconds (%d)", template.Name, deadline)
	default:
		status.Status = v1alpha1.TemplateStatusProgressing
		p.wake(due.Add(time.Second))
	}
}

// available says that the pods of all templates are available.
func (p *pass) available() bool {
	return !slices.ContainsFunc(p.Status.TemplateStatuses, func(status v1alpha1.TemplateStatus) bool {
		return status.Status != v1alpha1.TemplateStatusRunning
	})
}
