// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Effect is what a write does beyond proposing a change: a verb on applications that it needs besides.
type Effect string

// The effects, in the order in which they are listed.
const (
	// EffectSync starts a sync.
	EffectSync Effect = "sync"
	// EffectPrune lets a sync delete objects.
	EffectPrune Effect = "prune"
	// EffectOverride writes objects in another way, or others, than the source says.
	EffectOverride Effect = "override"
	// EffectAutomate lets syncs start by themselves.
	EffectAutomate Effect = "automate"
	// EffectRetarget moves an Application to another cluster, namespace or project.
	EffectRetarget Effect = "retarget"
	// EffectDestroy arms the deletion of the objects with the Application.
	EffectDestroy Effect = "destroy"
)

// EffectsOfWrite returns the effects of a write of an Application by whatever verb; before is nil where it is created.
// Only what the write changes counts.
func EffectsOfWrite(before, after *argo.Application) []Effect {
	created := before == nil
	if created {
		before = &argo.Application{}
	}
	var effects []Effect
	if after.Operation != nil && !equality.Semantic.DeepEqual(before.Operation, after.Operation) {
		effects = EffectsOfOperation(after, after.Operation)
	}
	was, is := automationOf(before), automationOf(after)
	deletes := is.prune && !was.prune || is.allowEmpty && !was.allowEmpty
	add := func(effect Effect, has bool) {
		if has && !slices.Contains(effects, effect) {
			effects = append(effects, effect)
		}
	}
	add(EffectPrune, deletes)
	add(EffectOverride, overrides(optionsOf(before), optionsOf(after)))
	add(EffectAutomate, is.on && !was.on || deletes)
	add(EffectRetarget, !created && (before.Spec.Destination != after.Spec.Destination ||
		project(before.Spec.Project) != project(after.Spec.Project)))
	add(EffectDestroy, cascades(after) && !cascades(before))
	slices.SortFunc(effects, func(a, b Effect) int { return rank(a) - rank(b) })
	return effects
}

func rank(effect Effect) int {
	return slices.Index([]Effect{
		EffectSync, EffectPrune, EffectOverride, EffectAutomate, EffectRetarget, EffectDestroy,
	}, effect)
}

// automation is what syncs do that nobody asks for.
type automation struct{ on, prune, allowEmpty bool }

// automationOf reads the policy of automated sync, which is on where it is there and does not say otherwise.
func automationOf(app *argo.Application) automation {
	if app.Spec.SyncPolicy == nil || app.Spec.SyncPolicy.Automated == nil {
		return automation{}
	}
	policy := app.Spec.SyncPolicy.Automated
	if !or(policy.Enabled, true) {
		return automation{}
	}
	return automation{on: true, prune: or(policy.Prune, false), allowEmpty: or(policy.AllowEmpty, false)}
}

func optionsOf(app *argo.Application) argo.SyncOptions {
	if app.Spec.SyncPolicy == nil {
		return nil
	}
	return app.Spec.SyncPolicy.SyncOptions
}

// overrides reports whether an option was added that deletes objects to write them, or takes what is not valid.
func overrides(before, after argo.SyncOptions) bool {
	return slices.ContainsFunc(after, func(option string) bool {
		option = strings.TrimSpace(option)
		risky := slices.Contains([]string{"Replace=true", "Force=true", "Validate=false"}, option) ||
			strings.HasPrefix(option, "PrunePropagationPolicy=")
		return risky && !slices.ContainsFunc(before, func(o string) bool { return strings.TrimSpace(o) == option })
	})
}

// cascades reports whether the objects of an Application are deleted with it.
func cascades(app *argo.Application) bool {
	return slices.ContainsFunc(app.Finalizers, func(finalizer string) bool {
		return strings.HasPrefix(finalizer, argo.ResourcesFinalizerName)
	})
}
