// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/source"
)

// named is a Jsonnet object with a name.
func named(expression string) string {
	return "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: " + expression + "}}"
}

func TestJsonnet(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	for name, test := range map[string]struct {
		options string // of spec.source.directory
		files   string
		want    string
	}{
		"an object":            {files: "-- app/a.jsonnet --\n" + named("'a' + 1"), want: "ConfigMap/a1"},
		"a list of objects":    {files: "-- app/a.jsonnet --\n[" + named("'a'") + "," + named("'b'") + "]", want: "ConfigMap/a ConfigMap/b"},
		"a List":               {files: "-- app/a.jsonnet --\n{apiVersion: 'v1', kind: 'List', items: [" + named("'a'") + "]}", want: "ConfigMap/a"},
		"nothing":              {files: "-- app/a.jsonnet --\nnull\n", want: ""},
		"among plain files":    {files: "-- app/a.jsonnet --\n" + named("'a'") + "\n-- app/b.yaml --\n" + configMap + "b\n", want: "ConfigMap/a ConfigMap/b"},
		"a file beside it":     {files: "-- app/a.jsonnet --\n" + named("import 'n.libsonnet'") + "\n-- app/n.libsonnet --\n'n'\n", want: "ConfigMap/n"},
		"a file above it":      {files: "-- app/a.jsonnet --\n" + named("import '../n.libsonnet'") + "\n-- n.libsonnet --\n'n'\n", want: "ConfigMap/n"},
		"the text of a file":   {files: "-- app/a.jsonnet --\n" + named("std.stripChars(importstr 'n.txt', '\\n')") + "\n-- app/n.txt --\nn\n", want: "ConfigMap/n"},
		"a file that is a bin": {files: "-- app/a.jsonnet --\n" + named("std.decodeUTF8(importbin 'n')") + "\n-- app/n --\nn", want: "ConfigMap/n"},
		"a file that is left out by its marker": {
			files: "-- app/a.jsonnet --\n// +argocd:skip-file-rendering\nerror 'no'\n", want: "",
		},
		"an import of a library": {
			options: "libs: [vendor]", want: "ConfigMap/v",
			files: "-- app/a.jsonnet --\n" + named("import 'lib/n.libsonnet'") + "\n-- vendor/lib/n.libsonnet --\nimport 'm.libsonnet'\n" +
				"-- vendor/lib/m.libsonnet --\n'v'\n",
		},
		"a library that is named from the root": {
			options: "libs: [/vendor]", want: "ConfigMap/v",
			files: "-- app/a.jsonnet --\n" + named("import 'n'") + "\n-- vendor/n --\n'v'\n",
		},
		"the last library wins": {
			options: "libs: [one, two]", want: "ConfigMap/two",
			files: "-- app/a.jsonnet --\n" + named("import 'n'") + "\n-- one/n --\n'one'\n-- two/n --\n'two'\n",
		},
		"a file beside the one that imports it goes before libraries": {
			options: "libs: [one]", want: "ConfigMap/own",
			files: "-- app/a.jsonnet --\n" + named("import 'n'") + "\n-- one/n --\n'one'\n-- app/n --\n'own'\n",
		},
		"external variables": {
			options: "extVars: [{name: a, value: x}, {name: b, value: '1 + 1', code: true}]", want: "ConfigMap/x2",
			files: "-- app/a.jsonnet --\n" + named("std.extVar('a') + std.extVar('b')"),
		},
		"top-level arguments": {
			options: "tlas: [{name: a, value: x}, {name: b, value: '[1]', code: true}]", want: "ConfigMap/x1",
			files: "-- app/a.jsonnet --\nfunction(a, b) " + named("a + b[0]"),
		},
		"variables of the build environment": {
			options: "extVars: [{name: a, value: '$ARGOCD_APP_NAME-${ARGOCD_APP_NAMESPACE}'}]", want: "ConfigMap/guestbook-web",
			files: "-- app/a.jsonnet --\n" + named("std.extVar('a')"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input := inputOf(t, "{path: app, directory: {jsonnet: {"+test.options+"}}}", test.files)
			output, err := cache.Render(t.Context(), input)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, namesOf(output.Manifests)); diff != "" || output.Type != "Directory" {
				t.Errorf("a %s: %s", output.Type, diff)
			}
		})
	}
}

func TestWhatJsonnetImportsIsWhatItDependsOn(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	files := func(library, other string) string {
		return "-- app/a.jsonnet --\n" + named("import 'n'") + "\n-- lib/n --\n'" + library + "'\n-- lib/other --\n" + other
	}
	for _, step := range []struct {
		library, other string
		cached         bool
	}{{"a", "1", false}, {"a", "2", true}, {"b", "2", false}} {
		input := inputOf(t, "{path: app, directory: {jsonnet: {libs: [lib]}}}", files(step.library, step.other))
		output, err := cache.Render(t.Context(), input)
		if got := namesOf(output.Manifests); err != nil || got != "ConfigMap/"+step.library || output.Cached != step.cached {
			t.Errorf("%+v: got %s, cached %v, %v", step, got, output.Cached, err)
		}
	}
}

func TestHostileJsonnet(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{Limits: Limits{Time: 10 * time.Second, Memory: 256 * mebibyte, OutputBytes: mebibyte}})
	link := func(target string) source.MemoryFile { return source.MemoryFile{Kind: source.Symlink, Content: target} }
	for name, test := range map[string]struct {
		code  string
		libs  string
		links map[string]source.MemoryFile
		limit string // in the LimitError, of time or of memory where either may come first, or
		want  string // in the SourceError
	}{
		"the environment of the process": {code: "importstr '/proc/self/environ'", want: "not in the repository"},
		"a path out of the repository":   {code: "importstr '../../../../etc/passwd'", want: "leads out of the repository"},
		"a path out of it by a library":  {code: "importstr '../../etc/passwd'", libs: "libs: [lib]", want: "leads out of the repository"},
		"a library out of it":            {code: "{}", libs: "libs: [../lib]", want: "leaves the repository"},
		"a link out of the repository": {
			code: "import 'x.libsonnet'", links: map[string]source.MemoryFile{"app/x.libsonnet": link("../../../etc/passwd")},
			want: "leads out of the repository",
		},
		"a link to an absolute path": {
			code: "importstr 'x'", links: map[string]source.MemoryFile{"app/x": link("/etc/passwd")}, want: "leads out of the repository",
		},
		"a library that is a link out": {
			code: "importstr 'passwd'", libs: "libs: [lib]", links: map[string]source.MemoryFile{"lib": link("/etc")},
			want: "leads out of the repository",
		},
		"a link to itself":    {code: "import 'x'", links: map[string]source.MemoryFile{"app/x": link("x")}, want: "in a circle"},
		"a directory":         {code: "import '../app'", want: "is a directory"},
		"nothing":             {code: "import 'gone'", want: `"gone" is neither beside`},
		"an import of itself": {code: "import 'a.jsonnet'", want: "max stack frames exceeded"},
		"endless recursion":   {code: "local f(x) = f(x + 1) + 1; f(0)", want: "max stack frames exceeded"},
		"an endless loop":     {code: "local f(x) = f(x + 1) tailstrict; f(0)", limit: " of a render"},
		"a list that fills the memory": {
			code: "local f(a) = f(a + a) tailstrict; f(std.range(1, 1000))", limit: " of a render",
		},
		"a text that fills the memory": {code: "local f(a) = f(a + a) tailstrict; f('xxxxxxxxxxxxxxxx')", limit: " of a render"},
		"code that is nested too deep": {code: strings.Repeat("[", 300_000), limit: " of a render"},
		"more output than is taken": {
			code:  "[" + named("'a' + i") + " + {data: {x: importstr 'big'}} for i in std.range(1, 20)]",
			links: map[string]source.MemoryFile{"app/big": {Content: strings.Repeat("x", 100_000)}},
			limit: "combined size of the rendered objects",
		},
		"no object":               {code: "'text'", want: "is not an object"},
		"a list of no objects":    {code: "[1]", want: "is not an object"},
		"an object of no kind":    {code: "{}", want: "no kind"},
		"a function without args": {code: "function(x) x", want: "jsonnet: "},
		"an error that colours":   {code: "error '\\u001b[31mred'", want: "\ufffd[31mred"},
		"a native function":       {code: "std.native('exec')('id')", want: "jsonnet: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input := inputOf(t, "{path: app, directory: {jsonnet: {"+test.libs+"}}}", "")
			files := map[string]source.MemoryFile{"app/a.jsonnet": {Content: test.code}}
			for path, content := range test.links {
				files[path] = content
			}
			input.Tree = source.MemoryOf(files)
			output, err := cache.Render(t.Context(), input)
			limit, isLimit := errors.AsType[*LimitError](err)
			failed, isFault := errors.AsType[*SourceError](err)
			switch {
			case test.limit != "" && (!isLimit || !strings.Contains(limit.Limit, test.limit)):
				t.Errorf("want the limit on the %s, got %.300v and %s", test.limit, err, namesOf(output.Manifests))
			case test.limit == "" && (!isFault || !strings.Contains(failed.Error(), test.want)):
				t.Errorf("want a SourceError with %q, got %.300v and %s", test.want, err, namesOf(output.Manifests))
			case isFault && (len(failed.Error()) > 4000 || strings.Contains(failed.Error(), "root:")):
				t.Errorf("the error has %d bytes: %.300s", len(failed.Error()), failed.Error())
			}
		})
	}
}
