// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

func TestHostileSourcesCostOneBoundedRender(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{Limits: Limits{
		ManifestBytes: 12 * mebibyte, FileBytes: 16 * mebibyte, Objects: 1000, Requests: 2000, ReadBytes: 24 * mebibyte,
	}})
	many := map[string]string{}
	for i := range 3000 {
		many[fmt.Sprintf("d%d/kustomization.yaml", i)] = "resources: []\n"
	}
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	tests := map[string]struct {
		spec  string
		files map[string]string
		limit string // in the LimitError, or
		want  string // in the SourceError
	}{
		"a file larger than any that is read": {
			files: map[string]string{"a.yaml": strings.Repeat("# comment\n", 2*mebibyte)}, limit: "size of a.yaml",
		},
		"files that are too large together": {
			files: map[string]string{
				"a.yaml": strings.Repeat("# comment\n", 700_000), "b.yaml": strings.Repeat("# comment\n", 700_000),
			},
			limit: "combined size of the manifest files",
		},
		"100,000 documents": {
			files: map[string]string{
				"a.yaml": strings.Repeat("---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n", 100_000),
			},
			limit: "number of objects",
		},
		"a List of 100,000 objects": {
			files: map[string]string{"a.json": `{"kind":"List","items":[` + strings.TrimSuffix(
				strings.Repeat(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}},`, 100_000), ",") + "]}"},
			limit: "number of objects",
		},
		"more directories than a render may look at": {
			spec: "{path: ., directory: {recurse: true}}", files: many, limit: "number of times",
		},
		"a YAML bomb": {
			files: map[string]string{"a.yaml": configMap + "x\ndata:\n  " + strings.ReplaceAll(bomb, "\n", "\n  ")},
			want:  "a.yaml",
		},
		"a YAML bomb in a kustomization": {
			files: map[string]string{"kustomization.yaml": "resources: []\ncommonLabels:\n  " +
				strings.ReplaceAll(bomb, "\n", "\n  ")},
			want: "kustomize",
		},
		"JSON that is nested 100,000 deep": {
			files: map[string]string{"a.json": `{"apiVersion":"v1","kind":"ConfigMap","x":` +
				strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"},
			want: "a.json",
		},
		"YAML that is nested 100,000 deep": {
			files: map[string]string{"a.yaml": configMap + "x\ndata: " + strings.Repeat("[", 100_000) +
				strings.Repeat("]", 100_000)},
			want: "a.yaml",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := test.spec
			if spec == "" {
				spec = "path: ."
			}
			input := inputOf(t, spec, "")
			input.Tree = source.Memory(test.files)
			_, err := cache.Render(t.Context(), input)
			limit, isLimit := errors.AsType[*LimitError](err)
			failed, isFault := errors.AsType[*SourceError](err)
			switch {
			case test.limit != "" && (!isLimit || !strings.Contains(limit.Limit, test.limit)):
				t.Errorf("want the limit on the %s, got %v", test.limit, err)
			case test.limit == "" && (!isFault || !strings.Contains(failed.Error(), test.want)):
				t.Errorf("want a SourceError about %s, got %.300v", test.want, err)
			case isFault && len(failed.Error()) > 4000:
				t.Errorf("the error has %d bytes", len(failed.Error()))
			}
		})
	}
	t.Run("and the next render works", func(t *testing.T) {
		t.Parallel()
		output, err := cache.Render(t.Context(), inputOf(t, "path: .", "-- a.yaml --\n"+configMap+"a\n"))
		if err != nil || namesOf(output.Manifests) != "ConfigMap/a" {
			t.Errorf("%v, %v", namesOf(output.Manifests), err)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{Limits: Limits{
		Memory: 16 * mebibyte, ManifestBytes: 120 * mebibyte, FileBytes: 120 * mebibyte,
	}})
	input := inputOf(t, "path: .", "")
	input.Tree = source.Memory(map[string]string{
		"a.json": `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"x":"` +
			strings.Repeat("x", 100*mebibyte) + `"}`,
	})
	_, err := cache.Render(t.Context(), input)
	if limit, ok := errors.AsType[*LimitError](err); !ok || !strings.Contains(limit.Limit, "memory") {
		t.Fatalf("want the limit on memory, got %v", err)
	}
	if _, err := cache.Render(t.Context(), inputOf(t, "path: .", "-- a.yaml --\n"+configMap+"a\n")); err != nil {
		t.Errorf("the next render: %v", err)
	}
}

func TestSymbolicLinks(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	file := func(content string) source.MemoryFile { return source.MemoryFile{Content: content} }
	link := func(target string) source.MemoryFile { return source.MemoryFile{Kind: source.Symlink, Content: target} }
	tests := map[string]struct {
		path  string
		files map[string]source.MemoryFile
		want  string
		fault string
	}{
		"a link to a file of the repository is followed": {
			path:  "app",
			files: map[string]source.MemoryFile{"app/a.yaml": link("../shared/b.yaml"), "shared/b.yaml": file(configMap + "b")},
			want:  "ConfigMap/b",
		},
		"a link to a directory in the path is followed": {
			path:  "now/app",
			files: map[string]source.MemoryFile{"now": link("v2"), "v2/app/a.yaml": file(configMap + "v2")},
			want:  "ConfigMap/v2",
		},
		"a base behind a link is followed": {
			path: "app",
			files: map[string]source.MemoryFile{
				"app/kustomization.yaml": file("resources: [base/deep]"), "app/base": link("../v1"),
				"v1/deep/kustomization.yaml": file("resources: [c.yaml]"), "v1/deep/c.yaml": file(configMap + "c"),
			},
			want: "ConfigMap/c",
		},
		"a link to nowhere is left out": {
			path: "app", files: map[string]source.MemoryFile{"app/a.yaml": link("gone"), "app/b.yaml": file(configMap + "b")},
			want: "ConfigMap/b",
		},
		"a link out of the repository is refused": {
			path: "app", files: map[string]source.MemoryFile{"app/a.yaml": link("../../etc/passwd")},
			fault: "leads out of the repository",
		},
		"a link to an absolute path is refused": {
			path: "app", files: map[string]source.MemoryFile{"app/a.yaml": link("/etc/passwd")},
			fault: "leads out of the repository",
		},
		"a link to itself is refused": {
			path: "app", files: map[string]source.MemoryFile{"app/a.yaml": link("b.yaml"), "app/b.yaml": link("a.yaml")},
			fault: "round in a circle",
		},
		"a patch behind a link out of the repository is refused": {
			path: "app", files: map[string]source.MemoryFile{
				"app/kustomization.yaml": file("configMapGenerator: [{name: x, files: [passwd]}]"),
				"app/passwd":             link("../../../etc/passwd"),
			},
			fault: "leads out of the repository",
		},
		"a submodule is not supported": {
			path: "app", files: map[string]source.MemoryFile{
				"app": {Kind: source.Submodule, Content: "0123456789abcdef0123456789abcdef01234567"},
			},
			fault: "submodule",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input := inputOf(t, "path: "+test.path, "")
			input.Tree = source.MemoryOf(test.files)
			output, err := cache.Render(t.Context(), input)
			failed, isFault := errors.AsType[*SourceError](err)
			switch {
			case test.fault != "" && (!isFault || !strings.Contains(failed.Error(), test.fault)):
				t.Errorf("want %q, got %v", test.fault, err)
			case test.fault == "" && err != nil:
				t.Error(err)
			case namesOf(output.Manifests) != test.want:
				t.Errorf("got %q, want %q", namesOf(output.Manifests), test.want)
			}
		})
	}
}
