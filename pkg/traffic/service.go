// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Services returns the names of the Services in front of the stable and of the new pods. Where the Rollout has only
// a ping and a pong Service, its status says which of them is the stable one.
func Services(rollout *v1alpha1.Rollout) (stable, canary string) {
	spec := rollout.Spec.Canary()
	if spec == nil {
		return "", ""
	}
	if spec.StableService == "" && spec.CanaryService == "" && spec.PingPong != nil {
		return pingPong(rollout)
	}
	return spec.StableService, spec.CanaryService
}

// pingPong returns the stable and the other one of two Services that swap their roles.
func pingPong(rollout *v1alpha1.Rollout) (stable, canary string) {
	pair := rollout.Spec.Canary().PingPong
	if rollout.Status.Canary.StablePingPong == v1alpha1.PingPongPing {
		return pair.PingService, pair.PongService
	}
	return pair.PongService, pair.PingService
}

// managedNames returns the names of the routes that are a Rollout's own, the most important first: those that it
// declares, then those of its steps that it forgot to declare.
func managedNames(rollout *v1alpha1.Rollout) []string {
	spec := rollout.Spec.Canary()
	var names []string
	for _, route := range spec.TrafficRouting.ManagedRoutes {
		names = append(names, route.Name)
	}
	for _, step := range spec.Steps {
		switch {
		case step.SetHeaderRoute != nil:
			names = append(names, step.SetHeaderRoute.Name)
		case step.SetMirrorRoute != nil:
			names = append(names, step.SetMirrorRoute.Name)
		}
	}
	var once []string
	for _, name := range names {
		if name != "" && !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

// departed returns the names of the Services that an earlier Experiment put into routes, and that have to go.
func departed(rollout *v1alpha1.Rollout, intent Intent) []string {
	if rollout.Status.Canary.Weights == nil {
		return nil
	}
	var names []string
	for _, destination := range rollout.Status.Canary.Weights.Additional {
		still := slices.ContainsFunc(intent.destinations(), func(d Destination) bool {
			return d.Service == destination.ServiceName
		})
		if destination.ServiceName != "" && !still {
			names = append(names, destination.ServiceName)
		}
	}
	return names
}
