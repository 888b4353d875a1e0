// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/source"
)

// tgz packs one file of a chart.
func tgz(t *testing.T, name string, content []byte) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHostileChartsCostOneBoundedRender(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{Limits: Limits{Time: 20 * time.Second, Memory: 256 * mebibyte}, Workers: 2})
	file := func(content string) source.MemoryFile { return source.MemoryFile{Content: content} }
	link := func(target string) source.MemoryFile { return source.MemoryFile{Kind: source.Symlink, Content: target} }
	template := func(text string) map[string]source.MemoryFile {
		return map[string]source.MemoryFile{"templates/a.yaml": file(text)}
	}
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	chart := "{apiVersion: v2, name: x, version: 1.0.0}\n"
	var many strings.Builder
	for i := range maxDependencies + 1 {
		fmt.Fprintf(&many, "- {name: cache, version: 1.0.0, alias: a%d, repository: 'https://h/%d'}\n", i, i)
	}
	tests := map[string]struct {
		files map[string]source.MemoryFile
		cache *Cache // the one of all where it is nil
		limit string // in the LimitError, or
		want  string // in the SourceError
	}{
		"a file of values that is a link out of the repository": {
			files: map[string]source.MemoryFile{"values.yaml": link("../../../../etc/passwd")}, want: "leads out of the repository",
		},
		"a lock that is a link to a file elsewhere": {
			files: map[string]source.MemoryFile{"Chart.lock": link("/root/.bashrc")}, want: "leads out of the repository",
		},
		"a directory of templates that leads back": {
			files: map[string]source.MemoryFile{"templates": link(".")}, want: "in a circle",
		},
		"a schema that names a file": {
			files: map[string]source.MemoryFile{"values.schema.json": file(`{"$ref": "file:///etc/passwd"}`)}, want: "never fetched",
		},
		"a schema that names an address, deep inside": {
			files: map[string]source.MemoryFile{"values.schema.json": file(`{"properties": {"a": {"allOf": [{"$ref": "http://169.254.169.254/x#y"}]}}}`)},
			want:  "never fetched",
		},
		"a schema of a subchart that names an address": {
			files: map[string]source.MemoryFile{
				"charts/sub/Chart.yaml":         file("{apiVersion: v2, name: sub, version: 1.0.0}\n"),
				"charts/sub/values.schema.json": file(`{"$ref": "https://example.com/schema.json"}`),
			},
			want: "never fetched",
		},
		"a schema that refers to itself": {
			files: map[string]source.MemoryFile{
				"values.schema.json": file(`{"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}}`),
			},
			want: "helm: ",
		},
		"a template that includes itself": {
			files: template(`{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`), want: "error calling include",
		},
		"a template that repeats without end": {
			files: template(`{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}`),
			cache: newCache(t, Options{Limits: Limits{Time: 3 * time.Second}}), limit: "time of a render",
		},
		"a template that fills the memory": {
			files: template(`{{ $x := repeat 1000000 "xxxxxxxxxx" }}{{ range until 1000 }}{{ $x = print $x $x }}{{ end }}`),
			limit: " of a render", // of memory, or of time where the machine is too busy to fill it
		},
		"a file that templates must not read": {
			files: template(`a: {{ .Files.Get "../../../../etc/passwd" | quote }}{{ fail "it is empty" }}`), want: "it is empty",
		},
		"a subchart whose archive leads out": {
			files: map[string]source.MemoryFile{"charts/sub.tgz": file(tgz(t, "sub/../../../etc/cron.d/x", []byte("x")))},
			want:  "parent directory",
		},
		"a subchart that is a bomb": {
			files: map[string]source.MemoryFile{"charts/sub.tgz": file(tgz(t, "sub/x", make([]byte, 101*mebibyte)))},
			want:  "larger than the maximum size",
		},
		"a subchart that is no archive": {
			files: map[string]source.MemoryFile{"charts/sub.tgz": file("hello")}, want: "error unpacking subchart",
		},
		"a chart whose name is a path": {
			files: map[string]source.MemoryFile{"Chart.yaml": file("{apiVersion: v2, name: ../../x, version: 1.0.0}\n")}, want: "helm: ",
		},
		"a chart whose name is a dot segment": {
			files: map[string]source.MemoryFile{"Chart.yaml": file("{apiVersion: v2, name: .., version: 1.0.0}\n")}, want: "helm: ",
		},
		"values that are a YAML bomb":      {files: map[string]source.MemoryFile{"values.yaml": file(bomb)}, want: "excessive aliasing"},
		"a Chart.yaml that is a YAML bomb": {files: map[string]source.MemoryFile{"Chart.yaml": file("apiVersion: v2\nname: x\nversion: 1.0.0\n" + bomb)}, want: "excessive aliasing"},
		"a Chart.lock that is a YAML bomb": {files: map[string]source.MemoryFile{"Chart.lock": file(bomb)}, want: "excessive aliasing"},
		"options that are a YAML bomb":     {files: map[string]source.MemoryFile{".argocd-source.yaml": file(bomb)}, want: "excessive aliasing"},
		"a rendered YAML bomb": {
			files: template(configMap + "x\ndata:\n  " + strings.ReplaceAll(bomb, "\n", "\n  ")), want: "excessive aliasing",
		},
		"more dependencies than are fetched": {
			files: map[string]source.MemoryFile{"Chart.yaml": file("apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies:\n" + many.String())},
			limit: "number of dependencies",
		},
		"a dependency on a link out": {
			files: map[string]source.MemoryFile{
				"Chart.yaml": file("{apiVersion: v2, name: x, version: 1.0.0, dependencies: [{name: sub, version: 1.0.0, repository: 'file://sub'}]}\n"),
				"sub":        link("../../etc"),
			},
			want: "leads out of the repository",
		},
		"a dependency with a link out": {
			files: map[string]source.MemoryFile{
				"Chart.yaml":     file("{apiVersion: v2, name: x, version: 1.0.0, dependencies: [{name: x, version: 1.0.0, repository: 'file://sub'}]}\n"),
				"sub/Chart.yaml": file(chart), "sub/templates/a.yaml": link("/etc/passwd"),
			},
			want: "leads out of the repository",
		},
		"a dependency that is nothing": {
			files: map[string]source.MemoryFile{"Chart.yaml": file("{apiVersion: v2, name: x, version: 1.0.0, dependencies: [null]}\n")},
			want:  "helm: ",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input := inputOf(t, "path: .", "")
			files := map[string]source.MemoryFile{"Chart.yaml": file("{apiVersion: v2, name: shop, version: 1.0.0}\n")}
			for path, content := range test.files {
				files[path] = content
			}
			input.Tree, input.Dependencies = source.MemoryOf(files), newShelf("")
			output, err := cmp.Or(test.cache, cache).Render(t.Context(), input)
			limit, isLimit := errors.AsType[*LimitError](err)
			failed, isFault := errors.AsType[*SourceError](err)
			switch {
			case test.limit != "" && (!isLimit || !strings.Contains(limit.Limit, test.limit)):
				t.Errorf("want the limit on the %s, got %.300v", test.limit, err)
			case test.limit == "" && (!isFault || !strings.Contains(failed.Error(), test.want)):
				t.Errorf("want a SourceError with %q, got %.300v and %s", test.want, err, namesOf(output.Manifests))
			case isFault && (len(failed.Error()) > 4000 || strings.Contains(failed.Error(), "root:")):
				t.Errorf("the error has %d bytes: %.300s", len(failed.Error()), failed.Error())
			}
		})
	}
	t.Run("and the next render works", func(t *testing.T) {
		t.Parallel()
		output, err := cache.Render(t.Context(), inputOf(t, "{path: app}", printing("x")))
		if got := seen(t, output, err); got != "x" {
			t.Errorf("got %q", got)
		}
	})
}
