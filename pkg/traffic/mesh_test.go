// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/traffic"
)

const smiCanary = `
canaryService: canary
stableService: stable
trafficRouting:
  smi: {rootService: root}
`

const smiWeb = `
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata:
  name: web
  namespace: shop
  ownerReferences:
  - {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, uid: uid-of-web, controller: true, blockOwnerDeletion: true}
spec:
  service: root
  backends: [{service: canary, weight: 20}, {service: stable, weight: 80}]
`

const traefikCanary = `
canaryService: canary
stableService: stable
trafficRouting:
  traefik: {weightedTraefikServiceName: web}
`

const traefikWeb = `
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: web, namespace: shop, labels: {team: a}}
spec:
  weighted:
    sticky: {cookie: {name: x}}
    services:
    - {name: stable, port: 80, weight: 100}
    - {name: canary, port: 80, weight: 0}
    - {name: other, port: 80, weight: 3}
`

func TestMeshRoute(t *testing.T) {
	t.Parallel()
	experiment := split(20)
	experiment.Stable.Weight = 70
	experiment.Additional = []traffic.Destination{{Service: "trial", Weight: 10}}
	for name, tc := range map[string]struct {
		canary string
		live   string
		intent traffic.Intent
		want   string
	}{
		"SMI makes a TrafficSplit":            {smiCanary, "", split(20), smiWeb},
		"SMI leaves it alone as intended":     {smiCanary, smiWeb, split(20), smiWeb},
		"SMI names it as the Rollout says":    {strings.Replace(smiCanary, "rootService: root", "rootService: root, trafficSplitName: mine", 1), "", split(20), strings.Replace(smiWeb, "name: web\n", "name: mine\n", 1)},
		"SMI has the stable Service as root":  {strings.Replace(smiCanary, "rootService: root", "", 1), smiWeb, split(20), strings.Replace(smiWeb, "service: root", "service: stable", 1)},
		"SMI sends traffic to an Experiment":  {smiCanary, smiWeb, experiment, strings.Replace(smiWeb, "weight: 20}, {service: stable, weight: 80}", "weight: 20}, {service: trial, weight: 10}, {service: stable, weight: 70}", 1)},
		"Traefik moves weight":                {traefikCanary, traefikWeb, split(20), strings.NewReplacer("weight: 100", "weight: 80", "weight: 0", "weight: 20").Replace(traefikWeb)},
		"Traefik leaves it alone as intended": {traefikCanary, traefikWeb, split(0), traefikWeb},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := routed(t, routerOf(t, rolloutOf(t, tc.canary)), tc.intent, liveOf(t, tc.live))
			if diff := cmp.Diff(liveOf(t, tc.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMeshThatCannotBeDriven(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		canary string
		live   string
		why    string
	}{
		"a TrafficSplit of somebody else":            {smiCanary, strings.Replace(smiWeb, "uid-of-web", "other", 1), "the TrafficSplit shop/web is not the Rollout's"},
		"a TraefikService that is missing":           {traefikCanary, "", "the TraefikService shop/web is missing"},
		"a TraefikService without the canary":        {traefikCanary, strings.Replace(traefikWeb, "name: canary", "name: x", 1), "both of the Services"},
		"the Service of the name elsewhere":          {traefikCanary, strings.Replace(traefikWeb, "{name: canary", "{namespace: bank, name: canary", 1), "both of the Services"},
		"Services of a TraefikService that are none": {traefikCanary, traefikWeb[:strings.Index(traefikWeb, "    services:")] + "    services: x", "spec.weighted.services is not a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := routerOf(t, rolloutOf(t, tc.canary))
			live := liveOf(t, tc.live)
			if err := router.Validate(live); err == nil || !strings.Contains(err.Error(), tc.why) {
				t.Errorf("Validate = %v, want %q in it", err, tc.why)
			}
			if changes, err := router.Route(split(20), live); err == nil || len(changes) > 0 {
				t.Errorf("Route = %v, %v, want an error and no change", changes, err)
			}
		})
	}
}
