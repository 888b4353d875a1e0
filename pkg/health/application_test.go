// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	key := func(name string) manifest.Key { return manifest.Key{Group: "apps", Kind: "Deployment", Name: name} }
	live := func(name string, status health.Status) health.Resource {
		return health.Resource{Key: key(name), Live: true, Health: &health.Health{Status: status}}
	}
	child := func(status health.Status) health.Resource {
		return health.Resource{
			Key:  manifest.Key{Group: "argoproj.io", Kind: "Application", Name: "child"},
			Live: true, Health: &health.Health{Status: status},
		}
	}
	hook, silent := live("hook", health.Degraded), live("silent", health.Degraded)
	hook.Hook, silent.Silent = true, true
	gone := health.Resource{Key: key("gone")}
	for name, c := range map[string]struct {
		resources []health.Resource
		want      health.Summary
	}{
		"an empty application is healthy": {nil, health.Summary{Status: health.Healthy}},
		"a kind without rule does not count": {
			[]health.Resource{{Key: key("a"), Live: true}}, health.Summary{Status: health.Healthy},
		},
		"the worst resource decides and is named": {
			[]health.Resource{live("a", health.Progressing), live("b", health.Degraded), live("c", health.Suspended)},
			health.Summary{Status: health.Degraded, Causes: []manifest.Key{key("b")}},
		},
		"unknown is worse than degraded": {
			[]health.Resource{live("a", health.Unknown), live("b", health.Degraded)},
			health.Summary{Status: health.Unknown, Causes: []manifest.Key{key("a")}},
		},
		"three causes are enough": {
			[]health.Resource{
				live("a", health.Progressing), live("b", health.Progressing),
				live("c", health.Progressing), live("d", health.Progressing),
			},
			health.Summary{Status: health.Progressing, Causes: []manifest.Key{key("a"), key("b"), key("c")}},
		},
		"a missing object beside a live one does not count": {
			[]health.Resource{gone, live("a", health.Healthy)}, health.Summary{Status: health.Healthy},
		},
		"nothing live is missing": {[]health.Resource{gone}, health.Summary{Status: health.Missing}},
		"a hook does not count": {
			[]health.Resource{hook, live("a", health.Healthy)}, health.Summary{Status: health.Healthy},
		},
		"only hooks are healthy": {[]health.Resource{hook}, health.Summary{Status: health.Healthy}},
		"a silent one is live":   {[]health.Resource{silent, gone}, health.Summary{Status: health.Healthy}},
		"a child that is degraded": {[]health.Resource{child(health.Degraded)}, health.Summary{
			Status: health.Degraded, Causes: []manifest.Key{child(health.Degraded).Key},
		}},
		"a child that was never assessed says nothing": {
			[]health.Resource{child(health.Unknown)}, health.Summary{Status: health.Healthy},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, health.Summarize(c.resources)); diff != "" {
				t.Errorf("summary differs (-want +got):\n%s", diff)
			}
		})
	}
}
