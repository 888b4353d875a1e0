// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/plugin"
	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/sidecar"
)

func requestOf(name string) plugin.Request {
	return plugin.Request{
		Name: name, Application: "shop", Path: "app", MaxBytes: 1 << 20,
		Environment: []plugin.Variable{{Name: "ARGOCD_ENV_REGION", Value: "eu"}, {Name: "PARAM_SIZE", Value: "2"}},
		Tree: source.MemoryOf(map[string]source.MemoryFile{
			"app/a.txt": {Content: strings.Repeat("a", 100_000)}, "app/run": {Kind: source.Executable, Content: "#!"},
			"app/link": {Kind: source.Symlink, Content: "../other"}, "other": {Content: "o"},
			"lib": {Kind: source.Submodule, Content: "1111111111111111111111111111111111111111"},
		}),
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	var got sidecar.Call
	sidecar.Serve(t, directory, "tool-v1.0", &sidecar.Plugin{Generate: func(call sidecar.Call) ([]string, error) {
		got = call
		return []string{"one", "", "three\n---\nfour"}, nil
	}})
	texts, err := plugin.In(directory).Generate(t.Context(), requestOf("tool-v1.0"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one", "", "three\n---\nfour"}, texts); diff != "" {
		t.Error(diff)
	}
	want := sidecar.Call{
		Application: "shop", Path: "app",
		Files: map[string]string{
			"app/a.txt": strings.Repeat("a", 100_000), "app/run": "#!", "app/link": "-> ../other", "other": "o",
		},
		Environment: map[string]string{"ARGOCD_ENV_REGION": "eu", "PARAM_SIZE": "2"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	never := func(sidecar.Call) bool { t.Error("a plugin without discovery was sent the files"); return true }
	sidecar.Serve(t, directory, "a-silent", &sidecar.Plugin{Match: never})
	plugins := plugin.In(directory)
	if name, asked, err := plugins.Discover(t.Context(), requestOf("")); name != "" || asked || err != nil {
		t.Errorf("without discovery: %q, %v, %v", name, asked, err)
	}
	sidecar.Serve(t, directory, "b-picky", &sidecar.Plugin{Discovers: true, Match: func(call sidecar.Call) bool {
		return call.Files["b"] != ""
	}})
	if name, asked, err := plugins.Discover(t.Context(), requestOf("")); name != "" || !asked || err != nil {
		t.Errorf("no match: %q, %v, %v", name, asked, err)
	}
	sidecar.Serve(t, directory, "c-fitting", &sidecar.Plugin{Discovers: true, Match: func(call sidecar.Call) bool {
		return call.Path == "app" && call.Files["other"] == "o"
	}})
	if name, asked, err := plugins.Discover(t.Context(), requestOf("")); name != "c-fitting" || !asked || err != nil {
		t.Errorf("a match: %q, %v, %v", name, asked, err)
	}
	_, err := plugins.Generate(t.Context(), requestOf("b-picky"))
	if err == nil || !strings.Contains(err.Error(), "none of its own") {
		t.Errorf("a plugin that is named although it does not match: %v", err)
	}
}

func TestPluginsThatFail(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	fails := func(err error) func(sidecar.Call) ([]string, error) {
		return func(sidecar.Call) ([]string, error) { return nil, err }
	}
	sidecar.Serve(t, directory, "broken", &sidecar.Plugin{Generate: fails(errors.New("exit 1: no\x1b[31m such value"))})
	sidecar.Serve(t, directory, "huge", &sidecar.Plugin{Generate: func(sidecar.Call) ([]string, error) {
		return []string{strings.Repeat("x", 2<<20)}, nil
	}})
	sidecar.Serve(t, directory, "slow", &sidecar.Plugin{Generate: func(sidecar.Call) ([]string, error) {
		time.Sleep(5 * time.Second)
		return nil, nil
	}})
	outward := requestOf("broken")
	outward.Tree = source.MemoryOf(map[string]source.MemoryFile{
		"app/link": {Kind: source.Symlink, Content: "../../etc/passwd"},
	})
	chained := requestOf("broken")
	chained.Tree = source.MemoryOf(map[string]source.MemoryFile{
		"app/e/up": {Kind: source.Symlink, Content: "../.."}, "app/0": {Kind: source.Symlink, Content: "e/up/../../secret"},
	})
	deep := requestOf("broken")
	deep.Tree = source.MemoryOf(map[string]source.MemoryFile{strings.Repeat("d/", 600) + "a.txt": {Content: "a"}})
	lacking, lent := requestOf("broken"), requestOf("broken")
	submodule := source.MemoryFile{Kind: source.Submodule, Content: "1111111111111111111111111111111111111111"}
	lacking.Tree = source.MemoryOf(map[string]source.MemoryFile{"app/a.txt": {Content: "a"}, "app/lib": submodule})
	lent.Tree, lent.Path = source.MemoryOf(map[string]source.MemoryFile{"lib": submodule}), "lib/app"
	tests := map[string]struct {
		request plugin.Request
		want    string
	}{
		"what it says is shown, without what a terminal obeys": {requestOf("broken"), "exit 1: no [31m such value"},
		"one that prints too much is cut off":                  {requestOf("huge"), "larger than max"},
		"one that takes too long is given up":                  {requestOf("slow"), "deadline"},
		"one that is not there is named":                       {requestOf("gone"), "there is no socket gone.sock"},
		"a name that leads elsewhere is refused":               {requestOf("../broken"), "letters, digits"},
		"a link out of the repository is not sent":             {outward, "link out of the repository"},
		"nor is one that leads out by way of another one":      {chained, "link out of the repository"},
		"a tree that is too deep is not sent":                  {deep, "a path of more than 1024 characters"},
		"a directory that lacks a submodule makes nothing":     {lacking, "app/lib is a submodule"},
		"a directory in a submodule makes nothing":             {lent, "lib is a submodule"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			texts, err := plugin.In(directory).Generate(ctx, test.request)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, %v; want %q", texts, err, test.want)
			}
		})
	}
}

func TestNothingIsPackedForARenderThatIsOver(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	tool := &sidecar.Plugin{Generate: func(sidecar.Call) ([]string, error) { return nil, nil }}
	sidecar.Serve(t, directory, "tool", tool)
	asked := requestOf("tool")
	ctx, cancel := context.WithCancel(t.Context())
	asked.Tree = ending{asked.Tree, cancel}
	if _, err := plugin.In(directory).Generate(ctx, asked); !errors.Is(err, context.Canceled) || tool.Calls.Load() > 0 {
		t.Errorf("the error is %v, and the plugin was called %d times", err, tool.Calls.Load())
	}
}

// ending is a tree whose render is over when somebody looks into it.
type ending struct {
	source.Tree
	over func()
}

func (e ending) List(name string) ([]source.Entry, error) {
	e.over()
	return e.Tree.List(name)
}
