// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// comparison is a metric of Kayenta.
func comparison(t *testing.T, address string) v1alpha1.Metric {
	t.Helper()
	times := `region: eu, step: 60, start: "2026-03-01T11:00:00Z", end: "2026-03-01T12:00:00Z"`
	return metricOf(t, `{name: m, provider: {kayenta: {address: "`+address+`", application: guest book, canaryConfigName: mann-whitney,
		metricsAccountName: metrics, configurationAccountName: configs, storageAccountName: results,
		threshold: {pass: 90, marginal: 75}, scopes: [{name: default,
		controlScope: {scope: 'app=a and hash="1"', `+times+`}, experimentScope: {scope: 'app=a and hash="2"', `+times+`}}]}}}`)
}

func TestKayentaStartsAnAnalysis(t *testing.T) {
	t.Parallel()
	server := replay(t, "kayenta/configs", "kayenta/start")
	measured := Kayenta{Network: here(), Clock: recorded()}.Measure(t.Context(), tenant(), comparison(t, server.URL))
	if got := told(measured); got != "Running  " {
		t.Error(got)
	}
	if diff := cmp.Diff(map[string]string{"canaryExecutionId": "01/../EX"}, measured.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if wait := measured.ResumeAt.Sub(recorded().Now()); wait != 15*time.Second {
		t.Errorf("it is looked at after %s", wait)
	}
}

func TestKayentaJudges(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{
		"good": "Successful 90 ", "fair": "Inconclusive 89 ", "bad": "Failed 0 ", "running": "Running  ",
		"scoreless": "Error  the analysis has no score", "stateless": "Error  the answer does not say whether the analysis is complete",
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			server := replay(t, "kayenta/"+state)
			before := v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseRunning, Metadata: map[string]string{"canaryExecutionId": "01/../EX"}}
			kayenta := Kayenta{Network: here(), Clock: recorded()}
			measured := kayenta.Resume(t.Context(), tenant(), comparison(t, server.URL), before)
			if got := told(measured); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func TestKayentaIsNotAsked(t *testing.T) {
	t.Parallel()
	whole := comparison(t, "http://127.0.0.1:1")
	without := whole.DeepCopy()
	without.Provider.Kayenta.Threshold.Marginal = nil
	nowhere := whole.DeepCopy()
	nowhere.Provider.Kayenta.Address = "kayenta"
	server := replay(t, "kayenta/configs")
	unknown := comparison(t, server.URL)
	unknown.Provider.Kayenta.CanaryConfigName = "unknown"
	for want, metric := range map[string]v1alpha1.Metric{
		"kayenta.threshold needs pass and marginal":                                                            *without,
		"kayenta.address is no http or https URL":                                                              *nowhere,
		`kayenta.canaryConfigName: the server has no configuration "unknown" for the application "guest book"`: unknown,
	} {
		got := told(Kayenta{Network: here(), Clock: recorded()}.Measure(t.Context(), tenant(), metric))
		if !strings.HasPrefix(got, "Error") || !strings.HasSuffix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := told(Kayenta{Clock: recorded()}.Measure(t.Context(), tenant(), whole)); !strings.HasSuffix(got, errOwnAddress.Error()) {
		t.Error(got)
	}
}

func TestAnAnalysisOfKayentaCanBeLeft(t *testing.T) {
	t.Parallel()
	before := v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseRunning}
	if got := told(Kayenta{}.Terminate(t.Context(), tenant(), v1alpha1.Metric{}, before)); got != "Successful  Metric Terminated" {
		t.Error(got)
	}
}
