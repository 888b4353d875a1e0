// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	kayentaTimeout = 15 * time.Second
	// kayentaPause is how long to wait before looking at an analysis again.
	kayentaPause = 15 * time.Second
	executionID  = "canaryExecutionId"
)

// Kayenta lets Kayenta servers compare a canary (as Argo Rollouts 1.9: metricproviders/kayenta).
type Kayenta struct {
	Network Network
	Clock   clock.PassiveClock
}

// Measure starts the analysis of a metric.
func (k Kayenta) Measure(ctx context.Context, _ *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.Kayenta
	if err := kayentaThreshold(asked); err != nil {
		return failed(err)
	}
	address, err := base("kayenta.address", asked.Address)
	if err != nil {
		return failed(err)
	}
	id, err := k.start(ctx, address, asked)
	if err != nil {
		return failed(err)
	}
	return k.later(v1alpha1.Measurement{Metadata: map[string]string{executionID: id}})
}

// kayentaThreshold fails where a metric does not say which scores are good.
func kayentaThreshold(asked *v1alpha1.KayentaMetric) error {
	if asked.Threshold == nil || asked.Threshold.Pass == nil || asked.Threshold.Marginal == nil {
		return errors.New("kayenta.threshold needs pass and marginal")
	}
	return nil
}

// start returns the id of an analysis that was started.
func (k Kayenta) start(ctx context.Context, address string, asked *v1alpha1.KayentaMetric) (string, error) {
	client := k.Network.client(false, true, kayentaTimeout)
	config, err := kayentaConfig(ctx, client, address, asked)
	if err != nil {
		return "", err
	}
	scopes := map[string]any{}
	for _, scope := range asked.Scopes {
		scopes[scope.Name] = map[string]any{"controlScope": scope.ControlScope, "experimentScope": scope.ExperimentScope}
	}
	query := url.Values{
		"application": {asked.Application}, "metricsAccountName": {asked.MetricsAccountName},
		"configurationAccountName": {asked.ConfigurationAccountName}, "storageAccountName": {asked.StorageAccountName},
	}
	request, err := post(ctx, address+"/canary/"+url.PathEscape(config)+"?"+query.Encode(), map[string]any{
		"scopes":     scopes,
		"thresholds": map[string]any{"pass": *asked.Threshold.Pass, "marginal": *asked.Threshold.Marginal},
	})
	if err != nil {
		return "", err
	}
	var started struct{ CanaryExecutionID string }
	if err := askJSON(client, request, &started); err != nil {
		return "", err
	}
	if started.CanaryExecutionID == "" {
		return "", errors.New("the answer has no " + executionID)
	}
	return started.CanaryExecutionID, nil
}

// kayentaConfig returns the id of the configuration of a name. It is looked for in the account of the results, as the
// peer does.
func kayentaConfig(
	ctx context.Context, client *http.Client, address string, asked *v1alpha1.KayentaMetric,
) (string, error) {
	request, err := get(ctx, address+"/canaryConfig", url.Values{
		"application": {asked.Application}, "configurationAccountName": {asked.StorageAccountName},
	})
	if err != nil {
		return "", err
	}
	var configs []struct{ ID, Name string }
	if err := askJSON(client, request, &configs); err != nil {
		return "", err
	}
	for _, config := range configs {
		if config.Name == asked.CanaryConfigName && config.ID != "" {
			return config.ID, nil
		}
	}
	return "", fmt.Errorf("kayenta.canaryConfigName: the server has no configuration %q for the application %q",
		asked.CanaryConfigName, asked.Application)
}

// later is a measurement to look at again after a pause.
func (k Kayenta) later(measured v1alpha1.Measurement) v1alpha1.Measurement {
	at := metav1.NewTime(k.Clock.Now().Add(kayentaPause))
	measured.Phase, measured.ResumeAt = v1alpha1.AnalysisPhaseRunning, &at
	return measured
}
