// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// selected waits until a Service selects pods of a revision by its number.
func (s *story) selected(service, revision string) {
	s.Helper()
	hash := s.Kubectl(s.hub, "get", "replicasets", "-n", s.namespace, "-o",
		`jsonpath={.items[?(@.metadata.annotations.rollout\.argoproj\.io/revision=="`+revision+`")]`+
			`.metadata.labels.rollouts-pod-template-hash}`)
	s.Until(s.hub, plane.Prints(hash), "get", "service", service, "-n", s.namespace, "-o",
		"jsonpath={.spec.selector.rollouts-pod-template-hash}")
}

func TestBlueGreenSwitchesWhenAPersonSaysSo(t *testing.T) {
	t.Parallel()
	s := begin(t, "blue-green")
	const strategy = `blueGreen: {activeService: active, previewService: preview, autoPromotionEnabled: false,
  previewReplicaCount: 1, scaleDownDelaySeconds: 3}`
	s.apply(s.service("active") + s.service("preview") + s.rollout("v1", 3, strategy))
	s.until("{.status.phase}", "Healthy")
	s.selected("active", "1")
	s.apply(s.rollout("v2", 3, strategy))
	s.until("{.status.phase}/{.status.message}", "Paused/BlueGreenPause")
	s.pods("v2", 1)
	s.selected("preview", "2")
	s.selected("active", "1")
	s.patch(`{"pauseConditions":null}`)
	s.selected("active", "2")
	s.pods("v1", 0)
	s.pods("v2", 3)
	s.until("{.status.phase}", "Healthy")
}
