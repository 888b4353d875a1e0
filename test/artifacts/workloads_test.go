// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package artifacts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/server"
)

func TestTheServerKnowsEveryFlagOfTheManifests(t *testing.T) {
	t.Parallel()
	command, err := server.NewCommand(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, overlay := range []string{"base", "ha"} {
		for _, argument := range podOf(t, build(t, overlay)).Spec.Containers[0].Args {
			name, _, _ := strings.Cut(strings.TrimPrefix(argument, "--"), "=")
			if flag := command.Flags().Lookup(name); flag == nil || flag.Hidden {
				t.Errorf("%s: the server has no flag --%s", overlay, name)
			}
		}
	}
}

func TestThePodIsConfined(t *testing.T) {
	t.Parallel()
	for _, overlay := range []string{"base", "ha"} {
		t.Run(overlay, func(t *testing.T) {
			t.Parallel()
			pod := podOf(t, build(t, overlay)).Spec
			container := pod.Containers[0]
			confined := map[string]bool{
				"it runs as no root":               ptr.Deref(pod.SecurityContext.RunAsNonRoot, false),
				"its root file system is read":     ptr.Deref(container.SecurityContext.ReadOnlyRootFilesystem, false),
				"it gains no privileges":           !ptr.Deref(container.SecurityContext.AllowPrivilegeEscalation, true),
				"it has no capabilities":           len(container.SecurityContext.Capabilities.Drop) == 1,
				"its memory is bounded":            !container.Resources.Limits.Memory().IsZero(),
				"it has a place for temporary use": mounted(container, "/tmp"),
			}
			for rule, holds := range confined {
				if !holds {
					t.Errorf("not so: %s", rule)
				}
			}
		})
	}
}

func TestTheServiceLeadsToThePods(t *testing.T) {
	t.Parallel()
	for _, overlay := range []string{"base", "ha"} {
		objects := build(t, overlay)
		pod := podOf(t, objects)
		for _, object := range objects {
			service, isService := object.(*corev1.Service)
			if isService && !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
				t.Errorf("%s: the Service %s selects %v, the pods have %v",
					overlay, service.Name, service.Spec.Selector, pod.Labels)
			}
		}
	}
}

// What is told about pods is told about those of the server, and the server of the overlay ha is kept up.
func TestTheOverlaysProtectThePods(t *testing.T) {
	t.Parallel()
	for overlay, want := range map[string][]string{
		"base": {"NetworkPolicy", "volume"}, "ha": {"NetworkPolicy", "PodDisruptionBudget", "priority"},
	} {
		objects := build(t, overlay)
		pod, found := podOf(t, objects), sets.New[string]()
		for _, object := range objects {
			switch typed := object.(type) {
			case *networkingv1.NetworkPolicy:
				found.Insert("NetworkPolicy")
				checkSelects(t, overlay, &typed.Spec.PodSelector, pod)
			case *policyv1.PodDisruptionBudget:
				found.Insert("PodDisruptionBudget")
				checkSelects(t, overlay, typed.Spec.Selector, pod)
			case *appsv1.StatefulSet:
				if len(typed.Spec.VolumeClaimTemplates) == 1 && mounted(pod.Spec.Containers[0], "/var/lib/capstan") {
					found.Insert("volume")
				}
			case *appsv1.Deployment:
				if ptr.Deref(typed.Spec.Replicas, 1) == 3 && pod.Spec.PriorityClassName == "system-cluster-critical" {
					found.Insert("priority")
				}
			}
		}
		if diff := cmp.Diff(want, sets.List(found)); diff != "" {
			t.Errorf("%s holds (-want +got):\n%s", overlay, diff)
		}
	}
}

func checkSelects(t *testing.T, overlay string, selects *metav1.LabelSelector, pod corev1.PodTemplateSpec) {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(selects)
	if err != nil || selector.Empty() || !selector.Matches(labels.Set(pod.Labels)) {
		t.Errorf("%s: %v does not select the pods, which have %v: %v", overlay, selects, pod.Labels, err)
	}
}

func TestTheLocalOverlayRunsNothing(t *testing.T) {
	t.Parallel()
	for _, object := range build(t, "local") {
		switch object.(type) {
		case *corev1.Service, *appsv1.Deployment, *appsv1.StatefulSet:
			t.Errorf("it holds a %T", object)
		}
	}
}

// podOf returns the one pod template among objects.
func podOf(t *testing.T, objects []runtime.Object) corev1.PodTemplateSpec {
	t.Helper()
	for _, object := range objects {
		switch typed := object.(type) {
		case *appsv1.StatefulSet:
			return typed.Spec.Template
		case *appsv1.Deployment:
			return typed.Spec.Template
		}
	}
	t.Fatal("there is no workload")
	return corev1.PodTemplateSpec{}
}

func mounted(container corev1.Container, path string) bool {
	for _, mount := range container.VolumeMounts {
		if mount.MountPath == path {
			return true
		}
	}
	return false
}
