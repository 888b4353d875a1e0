// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/plugin"
	"github.com/capstan-dev/capstan/test/harness/sidecar"
)

// withPlugin runs one sidecar and returns the plugins of its directory.
func withPlugin(t *testing.T, p *sidecar.Plugin) Plugins {
	t.Helper()
	directory := t.TempDir()
	sidecar.Serve(t, directory, "tool", p)
	return plugin.In(directory)
}

func TestPlugin(t *testing.T) {
	t.Parallel()
	named := func(call sidecar.Call) ([]string, error) {
		return []string{configMap + call.Environment["ARGOCD_ENV_NAME"], "---\n" + configMap + call.Files["app/name"]}, nil
	}
	text := func(content string) func(sidecar.Call) ([]string, error) {
		return func(sidecar.Call) ([]string, error) { return []string{content}, nil }
	}
	const files = "-- app/name --\nfile\n"
	tests := map[string]struct {
		spec, files string
		plugin      *sidecar.Plugin
		want, fault string
	}{
		"one that is named renders": {
			spec: "{path: app, plugin: {name: tool, env: [{name: NAME, value: of-$ARGOCD_APP_NAME}]}}", files: files,
			plugin: &sidecar.Plugin{Generate: named}, want: "ConfigMap/of-guestbook ConfigMap/file",
		},
		"options in the repository count": {
			spec: "{path: app, plugin: {name: tool}}", plugin: &sidecar.Plugin{Generate: named},
			files: files + "-- app/.argocd-source.yaml --\nplugin: {env: [{name: NAME, value: over}]}\n",
			want:  "ConfigMap/over ConfigMap/file",
		},
		"one that discovers goes before a chart": {
			spec: "path: app", files: files + "-- app/Chart.yaml --\nname: x\n",
			plugin: &sidecar.Plugin{
				Discovers: true, Generate: text(configMap + "discovered"),
				Match: func(call sidecar.Call) bool { return call.Files["app/Chart.yaml"] != "" },
			},
			want: "ConfigMap/discovered",
		},
		"one that does not discover takes nothing": {
			spec: "path: app", files: "-- app/a.yaml --\n" + configMap + "plain\n",
			plugin: &sidecar.Plugin{Generate: text(configMap + "wrong")}, want: "ConfigMap/plain",
		},
		"one without a name is found": {
			spec: "{path: app, plugin: {}}", files: files, want: "ConfigMap/found",
			plugin: &sidecar.Plugin{
				Discovers: true, Generate: text(configMap + "found"), Match: func(sidecar.Call) bool { return true },
			},
		},
		"without a name and a match nothing renders": {
			spec: "{path: app, plugin: {}}", files: files, fault: "set spec.source.plugin.name",
			plugin: &sidecar.Plugin{},
		},
		"what is no manifest is refused": {
			spec: "{path: app, plugin: {name: tool}}", files: files, fault: "has no kind",
			plugin: &sidecar.Plugin{Generate: text("a: b")},
		},
		"what it says is shown": {
			spec: "{path: app, plugin: {name: tool}}", files: files, fault: `the plugin "tool": error generating manifests: exit 3`,
			plugin: &sidecar.Plugin{Generate: func(sidecar.Call) ([]string, error) { return nil, errors.New("exit 3") }},
		},
		"without sockets it is refused": {
			spec: "{path: app, plugin: {name: tool}}", files: files, fault: "--plugin-sockets",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The plugins of one cache are the same for all.
			cache, input := newCache(t, Options{}), inputOf(t, test.spec, test.files)
			if test.plugin != nil {
				input.Plugins = withPlugin(t, test.plugin)
			}
			output, err := cache.Render(t.Context(), input)
			expect(t, output, err, test.want, test.fault)
		})
	}
}

func TestRendersOfPluginsAreKept(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	tool := &sidecar.Plugin{Generate: func(sidecar.Call) ([]string, error) { return []string{configMap + "a"}, nil }}
	input := inputOf(t, "{path: app, plugin: {name: tool}}", "-- app/name --\nx\n")
	input.Plugins = withPlugin(t, tool)
	render := func(what string, calls int32, change func(*Input)) {
		t.Helper()
		changed := input
		change(&changed)
		if _, err := cache.Render(t.Context(), changed); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if made := tool.Calls.Load(); made != calls {
			t.Errorf("%s: the plugin was called %d times, want %d", what, made, calls)
		}
	}
	render("the first", 1, func(*Input) {})
	render("the same again", 1, func(*Input) {})
	render("another revision", 2, func(i *Input) { i.Revision = strings.Repeat("f", 40) })
	render("another application", 3, func(i *Input) { i.Application = "shop" })
	render("another project", 4, func(i *Input) { i.Project = "other" })
	render("other files beside it", 5, func(i *Input) {
		i.Tree = inputOf(t, "path: app", "-- app/name --\nx\n-- other --\ny\n").Tree
	})
	render("the first once more", 5, func(*Input) {})
}

func TestEnvironmentOfPlugins(t *testing.T) {
	t.Parallel()
	input := inputOf(t, `
path: app
plugin:
  env: [{name: REGION, value: "eu-${ARGOCD_APP_REVISION_SHORT}-$$HOME"}]
  parameters:
  - {name: image.tag, string: v1}
  - {name: zones, array: [a, b]}
  - {name: labels, map: {team/name: x}}
`, "")
	got, err := pluginEnvironment(input, input.Source.Plugin)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, variable := range got {
		values[variable.Name] = variable.Value
	}
	want := map[string]string{
		"ARGOCD_APP_NAME": "guestbook", "ARGOCD_APP_NAMESPACE": "web", "ARGOCD_APP_PROJECT_NAME": "default",
		"ARGOCD_APP_REVISION": input.Revision, "ARGOCD_APP_REVISION_SHORT": "0123456", "ARGOCD_APP_REVISION_SHORT_8": "01234567",
		"ARGOCD_APP_SOURCE_REPO_URL": input.Repository, "ARGOCD_APP_SOURCE_PATH": "app",
		"ARGOCD_APP_SOURCE_TARGET_REVISION": "", "ARGOCD_ENV_REGION": "eu-0123456-$HOME",
		"ARGOCD_APP_PARAMETERS": `[{"name":"image.tag","string":"v1"},{"name":"zones","array":["a","b"]},` +
			`{"name":"labels","map":{"team/name":"x"}}]`,
		"PARAM_IMAGE_TAG": "v1", "PARAM_ZONES_0": "a", "PARAM_ZONES_1": "b", "PARAM_LABELS_TEAM_NAME": "x",
	}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Error(diff)
	}
}
