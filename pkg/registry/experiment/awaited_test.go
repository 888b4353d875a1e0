// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

const owned = `metadata: {generation: 1, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web,
  uid: u, controller: true}]}`

// storedOf returns an Experiment as it is stored.
func storedOf(t *testing.T, manifest string) *v1alpha1.Experiment {
	t.Helper()
	experiment := experimentOf(t, manifest)
	experiment.UID, experiment.ResourceVersion, experiment.CreationTimestamp = "uid", "1", metav1.Now()
	return experiment
}

func TestNobodyButTheServerSaysWhatTheExperimentOfARolloutFound(t *testing.T) {
	t.Parallel()
	main := newStrategy(install.NewScheme())
	running, forged := "{"+owned+", spec: {templates: []}, status: {phase: Running}}",
		"{"+owned+", spec: {templates: []}, status: {phase: Successful}}"
	for surface, strategy := range map[string]rest.RESTUpdateStrategy{"main": main, "status": statusStrategy{main}} {
		by, own := storedOf(t, forged), storedOf(t, forged)
		if err := rest.BeforeUpdate(strategy, registrytest.Context(t), by, storedOf(t, running)); err != nil {
			t.Fatal(err)
		}
		if by.Status.Phase != v1alpha1.AnalysisPhaseRunning {
			t.Errorf("%s: a client wrote the phase %s", surface, by.Status.Phase)
		}
		err := rest.BeforeUpdate(strategy, registry.WithOwn(registrytest.Context(t)), own, storedOf(t, running))
		if err != nil || own.Status.Phase != v1alpha1.AnalysisPhaseSuccessful {
			t.Errorf("%s: the server wrote the phase %s, %v", surface, own.Status.Phase, err)
		}
	}
	if err := rest.BeforeCreate(main, registrytest.Context(t), experimentOf(t, forged)); err == nil {
		t.Error("a client made an Experiment that a Rollout goes on by")
	}
}

func TestOfTheExperimentOfARolloutClientsChangeTerminateAlone(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		old, updated string
		refused      bool
	}{
		"to end it": {"{" + owned + ", spec: {templates: []}}", "{" + owned + ", spec: {templates: [], terminate: true}}", false},
		"other templates": {"{" + owned + ", spec: {templates: []}}", "{" + owned + ", spec: {templates: [], duration: 1s}}",
			true},
		"to give it to a Rollout": {"{metadata: {generation: 1}, spec: {templates: []}}", "{" + owned + ", spec: {templates: []}}",
			true},
		"one of nobody": {"{metadata: {generation: 1}, spec: {templates: []}}",
			"{metadata: {generation: 1}, spec: {templates: [], duration: 1s}}", false},
	}
	for name, tc := range cases {
		err := rest.BeforeUpdate(newStrategy(install.NewScheme()), registrytest.Context(t),
			storedOf(t, tc.updated), storedOf(t, tc.old))
		if (err != nil) != tc.refused {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
