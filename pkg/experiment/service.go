// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// serve lets the pods of a template have the Service that it asks for.
func (p *pass) serve(template *v1alpha1.TemplateSpec, set *appsv1.ReplicaSet) {
	if template.Service == nil {
		return
	}
	status := p.templateStatus(template.Name)
	service := newService(p.Experiment, template, set)
	status.ServiceName = service.Name
	if p.serviceOf(template.Name) == nil && !p.ending() {
		p.Made = append(p.Made, Service{Template: template.Name, Object: service})
	}
}

// serviceOf returns the Service of a template, nil where there is none.
func (f Facts) serviceOf(template string) *corev1.Service {
	for _, service := range f.Services {
		if service.Annotations[v1alpha1.AnnotationExperimentTemplateName] == template {
			return service
		}
	}
	return nil
}

// newService returns the Service of the pods of a ReplicaSet, not made yet.
func newService(
	experiment *v1alpha1.Experiment, template *v1alpha1.TemplateSpec, set *appsv1.ReplicaSet,
) *corev1.Service {
	name := template.Service.Name
	if name == "" {
		name = set.Name
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: experiment.Namespace, Labels: markOf(experiment),
			Annotations: annotationsOf(experiment, template.Name),
		},
		Spec: corev1.ServiceSpec{
			Selector: labelled(nil, rollout.HashOf(set)), Ports: portsOf(&set.Spec.Template.Spec),
		},
	}
	owner.Experiment(experiment).Own(service)
	return service
}

// portsOf are the ports that the containers of a pod declare, each once. Several need names, and get those that lack
// one.
func portsOf(pod *corev1.PodSpec) []corev1.ServicePort {
	var ports []corev1.ServicePort
	for _, container := range pod.Containers {
		for _, port := range container.Ports {
			known := slices.ContainsFunc(ports, func(other corev1.ServicePort) bool {
				return other.Port == port.ContainerPort && other.Protocol == port.Protocol
			})
			if known {
				continue
			}
			ports = append(ports, corev1.ServicePort{
				Name: port.Name, Protocol: port.Protocol, Port: port.ContainerPort,
				TargetPort: intstr.FromInt32(port.ContainerPort),
			})
		}
	}
	for i := range ports {
		if len(ports) > 1 && ports[i].Name == "" {
			ports[i].Name = fmt.Sprintf("port-%d", i)
		}
	}
	return ports
}

// dismiss deletes the Services whose pods are not needed and gone.
func (p *pass) dismiss() {
	for _, service := range p.Services {
		name := service.Annotations[v1alpha1.AnnotationExperimentTemplateName]
		if template := p.templateOf(name); p.needs(name) && template.Service != nil {
			continue
		}
		if set := p.setOf(name); set != nil && set.Status.AvailableReplicas > 0 && !p.unserved(name) {
			continue
		}
		p.Gone = append(p.Gone, service)
	}
	for i := range p.Status.TemplateStatuses {
		status := &p.Status.TemplateStatuses[i]
		if status.ServiceName != "" && p.over() && (p.serviceOf(status.Name) == nil || p.going(status.Name)) {
			status.ServiceName = ""
		}
	}
}

// unserved says that a template goes on and asks for no Service any more.
func (p *pass) unserved(name string) bool { return p.needs(name) && p.templateOf(name).Service == nil }

// going says that the Service of a template is about to be deleted.
func (p *pass) going(template string) bool { return slices.Contains(p.Gone, p.serviceOf(template)) }
