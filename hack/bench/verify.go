// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// managed selects what Capstan deployed.
const managed = "capstan.dev/managed=true"

func (b *bench) verifyDeployments(ctx context.Context) error {
	list, err := b.cluster.AppsV1().Deployments(deployed).List(ctx, metav1.ListOptions{LabelSelector: managed})
	if err != nil {
		return fmt.Errorf("check the Deployments: %w", err)
	}
	for _, d := range list.Items {
		if image := d.Spec.Template.Spec.Containers[0].Image; image != imageOf(b.image) {
			return fmt.Errorf("the Deployment %s has image %s, Git says %s", d.Name, image, imageOf(b.image))
		}
	}
	return exactly("Deployments", len(list.Items), b.made)
}

func (b *bench) verifyServices(ctx context.Context) error {
	list, err := b.cluster.CoreV1().Services(deployed).List(ctx, metav1.ListOptions{LabelSelector: managed})
	if err != nil {
		return fmt.Errorf("check the Services: %w", err)
	}
	for _, s := range list.Items {
		if len(s.Spec.Ports) != 1 || s.Spec.Selector["app"]+"-web" != s.Name {
			return fmt.Errorf("the Service %s is not as Git says", s.Name)
		}
	}
	return exactly("Services", len(list.Items), b.made)
}

func (b *bench) verifySettings(ctx context.Context) error {
	list, err := b.cluster.CoreV1().ConfigMaps(deployed).List(ctx, metav1.ListOptions{LabelSelector: managed})
	if err != nil {
		return fmt.Errorf("check the ConfigMaps: %w", err)
	}
	held := map[string]string{}
	for _, c := range list.Items {
		held[c.Name] = c.Data["value"]
	}
	for i := range b.made {
		for n := range b.settings.size.objects - 2 {
			want := "1"
			if n == 0 && b.values[i] != "" {
				want = b.values[i]
			}
			if name := settingsName(i, n); held[name] != want {
				return fmt.Errorf("ConfigMap %s holds %q, Git says %q", name, held[name], want)
			}
		}
	}
	return exactly("ConfigMaps", len(list.Items), b.made*(b.settings.size.objects-2))
}

func exactly(kind string, have, want int) error {
	if have != want {
		return fmt.Errorf("there are %d %s, Git says %d", have, kind, want)
	}
	return nil
}

// versions are the resource versions of the ConfigMaps of a namespace, by name.
func (b *bench) versions(ctx context.Context, namespace string) (map[string]string, error) {
	list, err := b.raw.Resource(configMaps()).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list what is in %s: %w", namespace, err)
	}
	versions := map[string]string{}
	for i := range list.Items {
		versions[list.Items[i].Name] = list.Items[i].ResourceVersion
	}
	return versions, nil
}
