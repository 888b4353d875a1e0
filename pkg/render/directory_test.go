// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "

func TestDirectory(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	tests := map[string]struct {
		spec, files, want string
	}{
		"files are read in the order of their names, documents in theirs": {
			spec: "path: app",
			files: "-- app/b.yml --\n" + configMap + "b\n-- app/a.yaml --\n" + configMap + "a1\n---\n" + configMap + "a2\n" +
				"-- app/c.json --\n" + `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`,
			want: "ConfigMap/a1 ConfigMap/a2 ConfigMap/b ConfigMap/c",
		},
		"subdirectories are left out": {
			spec:  "path: .",
			files: "-- a.yaml --\n" + configMap + "a\n-- deep/b.yaml --\n" + configMap + "b\n",
			want:  "ConfigMap/a",
		},
		"recurse reads subdirectories among the files": {
			spec: "{path: '', directory: {recurse: true}}",
			files: "-- z.yaml --\n" + configMap + "z\n-- deep/er/b.yaml --\n" + configMap + "b\n" +
				"-- a.yaml --\n" + configMap + "a\n",
			want: "ConfigMap/a ConfigMap/b ConfigMap/z",
		},
		"include takes only what its glob matches, across directories": {
			spec: "{path: app, directory: {recurse: true, include: '{a*,*/keep.yaml}'}}",
			files: "-- app/a1.yaml --\n" + configMap + "a1\n-- app/b.yaml --\n" + configMap + "b\n" +
				"-- app/x/y/keep.yaml --\n" + configMap + "keep\n",
			want: "ConfigMap/a1 ConfigMap/keep",
		},
		"exclude is stronger than include": {
			spec: "{path: app, directory: {include: '*.yaml', exclude: '{secret,b}*.yaml'}}",
			files: "-- app/a.yaml --\n" + configMap + "a\n-- app/b.yaml --\n" + configMap + "b\n" +
				"-- app/secret-1.yaml --\n" + configMap + "s\n",
			want: "ConfigMap/a",
		},
		"a List gives its items": {
			spec: "path: .",
			files: "-- a.yaml --\nkind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n" +
				"- {apiVersion: v1, kind: Service, metadata: {name: v}}\n",
			want: "Secret/s Service/v",
		},
		"a list without items gives nothing": {
			spec:  "path: .",
			files: "-- a.yaml --\nkind: ConfigMapList\napiVersion: v1\nitems: null\n---\n" + configMap + "a\n",
			want:  "ConfigMap/a",
		},
		"a file with the skip marker is left out, whatever it holds": {
			spec:  "path: .",
			files: "-- a.yaml --\n# +argocd:skip-file-rendering\n{{ template }}\n-- b.yaml --\n" + configMap + "b\n",
			want:  "ConfigMap/b",
		},
		"YAML and JSON of other tools are left out": {
			spec: "path: .",
			files: "-- values.yaml --\nreplicas: 3\n-- broken.yaml --\n{{ if .x }}\n-- package.json --\n{\"name\":\"x\"}\n" +
				"-- README.md --\nhi\n-- b.yaml --\n" + configMap + "b\n",
			want: "ConfigMap/b",
		},
		"empty documents and comments are left out": {
			spec:  "path: .",
			files: "-- a.yaml --\n---\n# nothing\n---\n\n---\n" + configMap + "a\n---\n",
			want:  "ConfigMap/a",
		},
		"an empty directory renders to nothing": {
			spec: "path: app", files: "-- app/README.md --\nhi\n", want: "",
		},
		"options in the repository are merged into the source": {
			spec: "path: app",
			files: "-- app/.argocd-source.yaml --\ndirectory: {recurse: true}\n" +
				"-- app/.argocd-source-guestbook.yaml --\ndirectory: {exclude: 'y*'}\n" +
				"-- app/.argocd-source-other.yaml --\ndirectory: {exclude: '*'}\n" +
				"-- app/d/x.yaml --\n" + configMap + "x\n-- app/y.yaml --\n" + configMap + "y\n",
			want: "ConfigMap/x",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := cache.Render(t.Context(), inputOf(t, test.spec, test.files))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, namesOf(output.Manifests)); diff != "" {
				t.Error(diff)
			}
			if output.Type != v1alpha1.ApplicationSourceTypeDirectory {
				t.Errorf("type %q", output.Type)
			}
		})
	}
}

func TestSourcesThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	tests := map[string]struct {
		spec, files string
		reason      Reason
		path, want  string
	}{
		"a path that does not exist is not found": {
			spec: "path: gone", files: "-- a.yaml --\n" + configMap + "a\n",
			reason: ReasonNotFound, path: "gone", want: "spec.source.path does not exist",
		},
		"a path to a file is invalid": {
			spec: "path: a.yaml", files: "-- a.yaml --\n" + configMap + "a\n",
			reason: ReasonInvalid, path: "a.yaml", want: "must be a directory",
		},
		"a path out of the repository is refused": {
			spec: "path: ../../etc", files: "-- a.yaml --\n", reason: ReasonRefused, want: "leaves the repository",
		},
		"options of two tools are invalid": {
			spec: "{path: ., kustomize: {}, directory: {}}", files: "-- a.yaml --\n",
			reason: ReasonInvalid, want: "spec.source sets kustomize and directory",
		},
		"a chart that is not whole": {
			spec: "path: .", files: "-- Chart.yaml --\nname: x\n", reason: ReasonInvalid, path: ".", want: "version is required",
		},
		"a plugin is not supported": {
			spec: "{path: ., plugin: {name: x}}", files: "-- a.yaml --\n", reason: ReasonUnsupported, want: "type Plugin",
		},
		"a glob that cannot be read is invalid": {
			spec: "{path: ., directory: {include: '[a'}}", files: "-- a.yaml --\n",
			reason: ReasonInvalid, want: "spec.source.directory.include",
		},
		"a broken manifest is invalid, and its file is named": {
			spec: "path: app", files: "-- app/a.yaml --\n" + configMap + "a\n---\napiVersion: v1\nkind: [\n",
			reason: ReasonInvalid, path: "app/a.yaml", want: "document 2",
		},
		"a second object in a JSON file is invalid": {
			spec: "path: .", files: `-- a.json --
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}} {}`,
			reason: ReasonInvalid, path: "a.json", want: "more than one object",
		},
		"an object without a name is invalid": {
			spec: "path: .", files: "-- a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
			reason: ReasonInvalid, path: "a.yaml", want: "no metadata.name",
		},
		"an unreadable option file is invalid": {
			spec: "path: .", files: "-- .argocd-source.yaml --\ndirectory: 5\n-- a.yaml --\n" + configMap + "a\n",
			reason: ReasonInvalid, path: ".argocd-source.yaml", want: "must hold fields",
		},
		"the content of an object without a kind stays out of the error": {
			spec: "path: .", files: "-- a.yaml --\n" + configMap + "a\n---\napiVersion: v1\nstringData: {password: hunter2}\n",
			reason: ReasonInvalid, path: "a.yaml", want: "no kind",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cache.Render(t.Context(), inputOf(t, test.spec, test.files))
			failed, ok := errors.AsType[*SourceError](err)
			if !ok {
				t.Fatalf("want a SourceError, got %v", err)
			}
			if failed.Reason != test.reason || !strings.Contains(failed.Error(), test.want) {
				t.Errorf("got %s: %v", failed.Reason, failed)
			}
			if test.path != "" && failed.Path != test.path {
				t.Errorf("path %q, want %q", failed.Path, test.path)
			}
			if strings.Contains(failed.Error(), "hunter2") || strings.Contains(failed.Error(), mountPoint) {
				t.Errorf("the error tells too much: %v", failed)
			}
		})
	}
}
