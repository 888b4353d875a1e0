// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// EffectsOfOperation returns the effects of starting an operation. A dry run has none but that it runs.
func EffectsOfOperation(app *argo.Application, operation *argo.Operation) []Effect {
	if operation == nil {
		return nil
	}
	effects := []Effect{EffectSync}
	sync := operation.Sync
	if sync == nil || sync.DryRun {
		return effects
	}
	if sync.Prune {
		effects = append(effects, EffectPrune)
	}
	if deviation(app.Spec, *sync) != "" {
		effects = append(effects, EffectOverride)
	}
	return effects
}

// OperationRefusal says why an operation is never let through on a gated Application, whatever was approved: it asks
// for something else than what the spec says, which no Plan was made of. It is empty where the operation may be judged
// by a Plan, and for a dry run, which changes nothing.
func OperationRefusal(app *argo.Application, operation *argo.Operation) string {
	if operation == nil || operation.Sync != nil && operation.Sync.DryRun {
		return ""
	}
	if operation.Sync != nil {
		if what := deviation(app.Spec, *operation.Sync); what != "" {
			return "operation.sync." + what + ", and a gated Application is synced by a Plan of its spec alone; " +
				"change spec, and have the Plan approved"
		}
	}
	if or(operation.Retry.Refresh, false) {
		return "operation.retry.refresh would take a newer revision than the Plan's; leave it out"
	}
	return ""
}

// deviation names the first thing in a sync that is not as the spec says, "" where all is.
func deviation(spec argo.ApplicationSpec, sync argo.SyncOperation) string {
	sources := sourcesOf(spec)
	switch {
	case len(sync.Manifests) > 0:
		return "manifests come from who asks rather than the source"
	case sync.Source != nil && (len(sources) != 1 || !alike(*sync.Source, sources[0])):
		return "source differs from the spec's"
	case len(sync.Sources) > 0 && !slices.EqualFunc(sync.Sources, sources, alike):
		return "sources differ from the spec's"
	case sync.Revision != "" && (len(sources) != 1 || revision(sync.Revision) != revision(sources[0].TargetRevision)):
		return "revision differs from the spec's"
	case len(sync.Revisions) > 0 && !slices.EqualFunc(sync.Revisions, sources, asWanted):
		return "revisions differ from the spec's"
	case len(sync.Resources) > 0:
		return "resources choose some of the objects"
	case len(sync.SyncOptions) > 0 && !slices.Equal(sync.SyncOptions, policyOptions(spec)):
		return "syncOptions differ from the spec's"
	}
	return strategy(sync.SyncStrategy)
}

// strategy names what in a way of syncing is not as a Plan is applied.
func strategy(strategy *argo.SyncStrategy) string {
	switch {
	case strategy == nil:
		return ""
	case strategy.Apply != nil:
		return "syncStrategy.apply runs no hooks"
	case strategy.Hook != nil && strategy.Hook.Force:
		return "syncStrategy.hook.force deletes objects to write them"
	}
	return ""
}

// sourcesOf returns the sources that a spec is synced from; those of a hydrator have no counterpart in an operation.
func sourcesOf(spec argo.ApplicationSpec) argo.ApplicationSources {
	switch {
	case spec.SourceHydrator != nil:
		return nil
	case len(spec.Sources) > 0:
		return spec.Sources
	case spec.Source != nil:
		return argo.ApplicationSources{*spec.Source}
	}
	return nil
}

func policyOptions(spec argo.ApplicationSpec) argo.SyncOptions {
	return optionsOf(&argo.Application{Spec: spec})
}

func alike(a, b argo.ApplicationSource) bool { return equality.Semantic.DeepEqual(a, b) }

func asWanted(wanted string, source argo.ApplicationSource) bool {
	return wanted == "" || revision(wanted) == revision(source.TargetRevision)
}

// revision returns what a target revision means.
func revision(target string) string {
	if target == "" {
		return "HEAD"
	}
	return target
}
