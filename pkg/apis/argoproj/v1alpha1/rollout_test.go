// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// TestRolloutKindsKeepWhatUsersWrite decodes manifests as the server does in strict mode, so that an unknown field
// fails, and expects the encoded object to equal the manifest, explicit zero values included.
func TestRolloutKindsKeepWhatUsersWrite(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		object   any
		manifest string
	}{
		"the seed's canary":                              {&v1alpha1.Rollout{}, seedCanary},
		"a canary with every kind of step":               {&v1alpha1.Rollout{}, canaryWithEveryStep},
		"a canary with every option and router":          {&v1alpha1.Rollout{}, canaryWithEveryRouter},
		"a blue-green Rollout with every option":         {&v1alpha1.Rollout{}, blueGreenWithEveryOption},
		"a Rollout of explicit zero values":              {&v1alpha1.Rollout{}, rolloutOfZeroValues},
		"a Rollout of a referenced workload":             {&v1alpha1.Rollout{}, rolloutOfWorkload},
		"a Rollout without a strategy":                   {&v1alpha1.Rollout{}, "{metadata: {name: bare}, spec: {}}"},
		"a Rollout with a status of a canary":            {&v1alpha1.Rollout{}, rolloutWithCanaryStatus},
		"a Rollout with a status of a blue-green update": {&v1alpha1.Rollout{}, rolloutWithBlueGreenStatus},
		"an AnalysisTemplate with every provider":        {&v1alpha1.AnalysisTemplate{}, templateWithEveryProvider},
		"a ClusterAnalysisTemplate of templates":         {&v1alpha1.ClusterAnalysisTemplate{}, templateOfTemplates},
		"an AnalysisRun of explicit zero values":         {&v1alpha1.AnalysisRun{}, analysisRunOfZeroValues},
		"an AnalysisRun with results":                    {&v1alpha1.AnalysisRun{}, analysisRunWithResults},
		"an Experiment with every option":                {&v1alpha1.Experiment{}, experimentWithEveryOption},
		"an Experiment with a status":                    {&v1alpha1.Experiment{}, experimentWithStatus},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := jsonOf(t, tc.manifest)
			strict, err := kjson.UnmarshalStrict(want, tc.object)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range strict {
				t.Errorf("strict decoding: %v", problem)
			}
			got, err := json.Marshal(tc.object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(valueOf(t, want), valueOf(t, got)); diff != "" {
				t.Errorf("the manifest changed (-want +got):\n%s", diff)
			}
		})
	}
}

// jsonOf returns the JSON of a YAML document.
func jsonOf(t *testing.T, document string) []byte {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return converted
}

// valueOf returns the value of a JSON text.
func valueOf(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestStrategyOf(t *testing.T) {
	t.Parallel()
	canary, blueGreen := &v1alpha1.CanaryStrategy{}, &v1alpha1.BlueGreenStrategy{}
	cases := map[string]struct {
		spec      v1alpha1.RolloutSpec
		canary    *v1alpha1.CanaryStrategy
		blueGreen *v1alpha1.BlueGreenStrategy
	}{
		"a spec without a strategy has none":     {spec: v1alpha1.RolloutSpec{}},
		"an empty strategy is neither":           {spec: v1alpha1.RolloutSpec{Strategy: &v1alpha1.RolloutStrategy{}}},
		"a canary is a canary, not a blue-green": {spec: of(&v1alpha1.RolloutStrategy{Canary: canary}), canary: canary},
		"a blue-green is no canary": {
			spec: of(&v1alpha1.RolloutStrategy{BlueGreen: blueGreen}), blueGreen: blueGreen,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tc.spec.Canary(); got != tc.canary {
				t.Errorf("Canary() = %p, want %p", got, tc.canary)
			}
			if got := tc.spec.BlueGreen(); got != tc.blueGreen {
				t.Errorf("BlueGreen() = %p, want %p", got, tc.blueGreen)
			}
		})
	}
}

// of returns a spec with a strategy.
func of(strategy *v1alpha1.RolloutStrategy) v1alpha1.RolloutSpec {
	return v1alpha1.RolloutSpec{Strategy: strategy}
}

func TestCompleted(t *testing.T) {
	t.Parallel()
	phases := map[v1alpha1.AnalysisPhase]bool{
		"": false, v1alpha1.AnalysisPhasePending: false, v1alpha1.AnalysisPhaseRunning: false,
		v1alpha1.AnalysisPhaseSuccessful: true, v1alpha1.AnalysisPhaseFailed: true,
		v1alpha1.AnalysisPhaseError: true, v1alpha1.AnalysisPhaseInconclusive: true,
	}
	for phase, want := range phases {
		if got := phase.Completed(); got != want {
			t.Errorf("phase %q: Completed() = %v, want %v", phase, got, want)
		}
	}
	codes := map[v1alpha1.TemplateStatusCode]bool{
		"": false, v1alpha1.TemplateStatusProgressing: false, v1alpha1.TemplateStatusRunning: false,
		v1alpha1.TemplateStatusSuccessful: true, v1alpha1.TemplateStatusFailed: true, v1alpha1.TemplateStatusError: true,
	}
	for code, want := range codes {
		if got := code.Completed(); got != want {
			t.Errorf("template status %q: Completed() = %v, want %v", code, got, want)
		}
	}
}
