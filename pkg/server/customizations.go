// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/difference"
)

// customizations returns what users say of kinds.
func (c *control) customizations() customization.Set {
	if set := c.customized.Load(); set != nil {
		return *set
	}
	return customization.Set{}
}

// customizationHandler follows the ConfigMap argocd-cm.
func (c *control) customizationHandler() cache.ResourceEventHandler {
	return cache.FilteringResourceEventHandler{
		FilterFunc: func(object any) bool {
			if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
				object = gone.Obj
			}
			settings, isMap := object.(*corev1.ConfigMap)
			return isMap && settings.Name == customization.ConfigMap
		},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { c.customize(object) },
			UpdateFunc: func(_, after any) { c.customize(after) },
			DeleteFunc: func(any) { c.customize(nil) },
		},
	}
}

// customize takes what the ConfigMap says now, and has the kinds rated anew whose rule changed.
func (c *control) customize(object any) {
	ctx := context.Background()
	var set customization.Set
	if settings, isMap := object.(*corev1.ConfigMap); isMap {
		set = customization.Parse(settings.Data)
	}
	for _, rule := range set.Health {
		if rule.Fault != nil {
			klog.FromContext(ctx).Error(rule.Fault, "A health rule is not used")
		}
	}
	label, digest := c.customizations().InstanceLabel, c.toleration().Digest()
	rules := difference.OfKinds(set.Differences)
	c.customized.Store(&set)
	c.tolerated.Store(&rules)
	if c.applications != nil && (label != set.InstanceLabel || digest != rules.Digest()) {
		c.applications.SettingsChanged()
	}
	changed := c.rules.Set(set.Health)
	for _, known := range c.clusters.List() {
		known.Rerate(ctx, changed)
	}
}

// toleration returns the fields that may differ in whatever Application.
func (c *control) toleration() difference.Rules {
	if rules := c.tolerated.Load(); rules != nil {
		return *rules
	}
	return nil
}
