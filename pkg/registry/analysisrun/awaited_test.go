// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

const (
	owned = `{metadata: {generation: 1, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, uid: u,
  controller: true}]}, spec: {metrics: []}, status: {phase: Running}}`
	forged = `{metadata: {generation: 1, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, uid: u,
  controller: true}]}, spec: {metrics: []}, status: {phase: Successful}}`
)

func TestNobodyButTheServerSaysWhatTheRunOfARolloutFound(t *testing.T) {
	t.Parallel()
	main := newStrategy(install.NewScheme())
	cases := map[string]struct {
		by   context.Context //nolint:containedctx // It is what differs.
		want v1alpha1.AnalysisPhase
	}{
		"a client":   {registrytest.Context(t), v1alpha1.AnalysisPhaseRunning},
		"the server": {registry.WithOwn(registrytest.Context(t)), v1alpha1.AnalysisPhaseSuccessful},
	}
	for name, tc := range cases {
		for surface, strategy := range map[string]rest.RESTUpdateStrategy{"main": main, "status": statusStrategy{main}} {
			run := runOf(t, forged)
			if err := rest.BeforeUpdate(strategy, tc.by, run, runOf(t, owned)); err != nil {
				t.Fatal(err)
			}
			if run.Status.Phase != tc.want {
				t.Errorf("%s by %s: phase %s, want %s", name, surface, run.Status.Phase, tc.want)
			}
		}
	}
	ofExperiment := strings.Replace(forged, "kind: Rollout", "kind: Experiment", 1)
	for _, manifest := range []string{forged, ofExperiment} {
		if err := rest.BeforeCreate(main, registrytest.Context(t), runOf(t, manifest)); err == nil {
			t.Errorf("a client made a run that somebody goes on by: %s", manifest)
		}
		if err := rest.BeforeCreate(main, registry.WithOwn(registrytest.Context(t)), runOf(t, manifest)); err != nil {
			t.Errorf("the server cannot make a run: %v", err)
		}
	}
}

func TestOfTheRunOfARolloutClientsChangeTerminateAlone(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		old, updated string
		refused      bool
	}{
		"to end it": {owned, `{metadata: {generation: 1, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout,
  name: web, uid: u, controller: true}]}, spec: {metrics: [], terminate: true}}`, false},
		"other metrics": {owned, `{metadata: {generation: 1, ownerReferences: [{apiVersion: argoproj.io/v1alpha1,
  kind: Rollout, name: web, uid: u, controller: true}]}, spec: {metrics: [{name: a, provider: {}}]}}`, true},
		"to give it to a Rollout": {`{metadata: {generation: 1}, spec: {metrics: []}, status: {phase: Successful}}`, owned, true},
		"one of nobody": {`{metadata: {generation: 1}, spec: {metrics: []}}`,
			`{metadata: {generation: 1}, spec: {metrics: [{name: a, provider: {}}]}}`, false},
	}
	for name, tc := range cases {
		err := rest.BeforeUpdate(
			newStrategy(install.NewScheme()), registrytest.Context(t), runOf(t, tc.updated), runOf(t, tc.old))
		if (err != nil) != tc.refused {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
