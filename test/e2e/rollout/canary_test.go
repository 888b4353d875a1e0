// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The first pause ends by itself, after seconds in place of minutes; the second one by a person, once its pods were seen.
func TestACanaryGoesStepByStep(t *testing.T) {
	t.Parallel()
	s := begin(t, "canary")
	raw, err := os.ReadFile(filepath.Join("testdata", "canary.yaml"))
	s.OK(err)
	manifest := strings.NewReplacer("name: guestbook\nspec", "name: guestbook\n  namespace: canary\nspec", "5m", "2s").
		Replace(string(raw))
	s.apply(manifest)
	s.at("Healthy", 5)
	s.pods("v1", 10)
	s.apply(strings.ReplaceAll(manifest, "guestbook:v1", "guestbook:v2"))
	s.at("Paused", 3)
	s.pods("v2", 4)
	s.pods("v1", 6)
	s.patch(`{"pauseConditions":null}`)
	s.at("Healthy", 5)
	s.pods("v2", 10)
	s.pods("v1", 0)
	for _, condition := range []string{"Healthy", "Completed", "Available"} {
		out := s.Kubectl(s.hub, "wait", "--for=condition="+condition, "rollout/guestbook", "-n", s.namespace, "--timeout=10s")
		if want := "rollout.argoproj.io/guestbook condition met"; !strings.Contains(out, want) {
			t.Errorf("kubectl wait printed %q, want %q", out, want)
		}
	}
	s.Until(s.hub, func(out string) bool { return strings.Count(out, "event/") >= 5 },
		"get", "events", "-n", s.namespace, "--field-selector", "reason=RolloutStepCompleted", "-o", "name")
}
