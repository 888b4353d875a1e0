// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/live"
)

func TestHookOf(t *testing.T) {
	t.Parallel()
	const (
		hook       = "argocd.argoproj.io/hook"
		policy     = "argocd.argoproj.io/hook-delete-policy"
		helm       = "helm.sh/hook"
		helmPolicy = "helm.sh/hook-delete-policy"
	)
	before := live.Hooked | live.DeleteBefore
	cases := map[string]struct {
		annotations map[string]string
		want        live.Hook
	}{
		"no annotation makes no hook":         {nil, 0},
		"a hook has a moment":                 {map[string]string{hook: "PreSync"}, before | live.PreSync},
		"a hook may have several moments":     {map[string]string{hook: "PreSync, PostSync"}, before | live.PreSync | live.PostSync},
		"a hook may run as a sync fails":      {map[string]string{hook: "SyncFail"}, before | live.SyncFail},
		"hooks run as an Application goes":    {map[string]string{hook: "PreDelete,PostDelete"}, before | live.PreDelete | live.PostDelete},
		"Skip never runs":                     {map[string]string{hook: "Skip"}, before},
		"Skip beside a moment does not count": {map[string]string{hook: "Skip,Sync"}, before | live.Sync},
		"what is unknown never runs":          {map[string]string{hook: "Sometime"}, before},
		"Helm's moments are mapped": {
			map[string]string{helm: "pre-install,post-upgrade,pre-delete,post-delete"},
			before | live.PreSync | live.PostSync | live.PreDelete | live.PostDelete,
		},
		"Helm's tests never run":                      {map[string]string{helm: "test"}, before},
		"Helm's crd-install is no hook":               {map[string]string{helm: "crd-install"}, 0},
		"Helm's are ignored beside Argo CD's":         {map[string]string{helm: "post-install", hook: "PreSync"}, before | live.PreSync},
		"Helm's are ignored beside Skip":              {map[string]string{helm: "post-install", hook: "Skip"}, before},
		"a policy replaces the default":               {map[string]string{hook: "Sync", policy: "HookSucceeded"}, live.Hooked | live.Sync | live.DeleteSucceeded},
		"policies add up, also those of Helm":         {map[string]string{hook: "Sync", policy: "HookFailed", helmPolicy: "hook-succeeded,before-hook-creation"}, before | live.Sync | live.DeleteFailed | live.DeleteSucceeded},
		"a policy makes no hook":                      {map[string]string{policy: "HookFailed"}, 0},
		"a policy that is unknown leaves the default": {map[string]string{hook: "Sync", policy: "Never"}, before | live.Sync},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := live.HookOf(c.annotations); got != c.want {
				t.Errorf("HookOf gave %b, want %b", got, c.want)
			}
		})
	}
}

func TestWaveOf(t *testing.T) {
	t.Parallel()
	for want, annotations := range map[int]map[string]string{
		0:  {"argocd.argoproj.io/sync-wave": "soon"},
		-3: {"argocd.argoproj.io/sync-wave": "-3", "helm.sh/hook-weight": "5"},
		5:  {"helm.sh/hook-weight": "5"},
	} {
		if got := live.WaveOf(annotations); got != want {
			t.Errorf("WaveOf(%v) is %d, want %d", annotations, got, want)
		}
	}
}
