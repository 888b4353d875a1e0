// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/source"
)

// offering is a destination of a version and some API versions.
type offering struct {
	version string
	names   []string
}

func (o offering) KubeVersion() (string, error) { return o.version, nil }

func (o offering) APIVersions() ([]string, error) { return o.names, nil }

func (o offering) Serves(name string) (bool, error) { return slices.Contains(o.names, name), nil }

// unknowing is a destination that cannot be asked.
type unknowing struct{}

var errAway = errors.New("the cluster is away")

func (unknowing) KubeVersion() (string, error) { return "", errAway }

func (unknowing) APIVersions() ([]string, error) { return nil, errAway }

func (unknowing) Serves(string) (bool, error) { return false, errAway }

// printing is a chart whose one object shows what a template sees.
func printing(template string) string {
	return "-- app/Chart.yaml --\n{apiVersion: v2, name: shop, version: 1.2.3}\n" +
		"-- app/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  seen: " + template + "\n"
}

// seen renders and returns what printing shows.
func seen(t *testing.T, output Output, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	object, err := output.Manifests[0].Object()
	if err != nil {
		t.Fatal(err)
	}
	data, _ := object.Object["data"].(map[string]any)
	text, _ := data["seen"].(string)
	return text
}

func TestHelmOptions(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	values := "'{{ .Values.a }} {{ .Values.b }} {{ kindOf .Values.c }}'"
	tests := map[string]struct {
		template string
		options  string
		files    string
		want     string
		fault    string
	}{
		"values of the chart": {
			template: values, files: "-- app/values.yaml --\n{a: chart, b: chart, c: 1}\n", want: "chart chart float64",
		},
		"files of values win in their order, then values, then parameters": {
			template: values, options: "{valueFiles: [one.yaml, ../two.yaml], values: 'b: inline', parameters: [{name: c, value: 'true'}]}",
			files: "-- app/values.yaml --\n{a: chart, b: chart}\n-- app/one.yaml --\n{a: one, b: one}\n-- two.yaml --\na: two\n",
			want:  "two inline bool",
		},
		"valuesObject wins over values": {
			template: values, options: "{values: 'a: text', valuesObject: {b: object}}", want: " object invalid",
		},
		"a path that begins with a slash begins at the root of the repository": {
			template: values, options: "{valueFiles: [/env/eu.yaml]}", files: "-- env/eu.yaml --\n{a: eu, b: eu}\n", want: "eu eu invalid",
		},
		"a glob takes files in order of their names, and a named file keeps its place": {
			template: values, options: "{valueFiles: ['env/*.yaml', env/a.yaml, 'deep/**/v.yaml']}",
			files: "-- app/env/a.yaml --\na: a\n-- app/env/b.yaml --\n{a: b, b: b}\n-- app/env/x/c.yaml --\na: no\n-- app/deep/er/v.yaml --\nb: deep\n",
			want:  "a deep invalid",
		},
		"a glob without a match is an error": {
			template: values, options: "{valueFiles: ['env/*.yaml']}", fault: "does not exist",
		},
		"files that are missing may be ignored": {
			template: values, options: "{valueFiles: ['env/*.yaml', no.yaml], ignoreMissingValueFiles: true}", want: "  invalid",
		},
		"a missing file of values is named": {
			template: values, options: "{valueFiles: [no.yaml]}", fault: "app/no.yaml: does not exist",
		},
		"a file of values out of the repository is refused": {
			template: values, options: "{valueFiles: [../../secret.yaml]}", fault: "leaves the repository",
		},
		"a URL as a file of values is refused": {
			template: values, options: "{valueFiles: ['https://user:pw@example.com/v.yaml?token=x']}", fault: "https://example.com/v.yaml",
		},
		"a reference that no source has is named": {
			template: values, options: "{valueFiles: [$values/v.yaml]}", fault: "no source has ref: values",
		},
		"variables are replaced in paths of files and in parameters, not in values": {
			template: "'{{ .Values.a }} {{ .Values.b }}'",
			options:  "{valueFiles: [$ARGOCD_APP_NAME.yaml], values: 'b: $ARGOCD_APP_NAME', parameters: [{name: a, value: '${ARGOCD_APP_PROJECT_NAME}-$$'}]}",
			files:    "-- app/guestbook.yaml --\nx: y\n", want: "default-$ $ARGOCD_APP_NAME",
		},
		"a parameter keeps its type or is a string": {
			template: "'{{ kindOf .Values.a }} {{ kindOf .Values.b }} {{ .Values.c.d }} {{ index .Values.l 1 }}'",
			options:  "{parameters: [{name: a, value: '1'}, {name: b, value: '1', forceString: true}, {name: c.d, value: 'x,y'}, {name: l, value: '{p,q}'}]}",
			want:     "int64 string x,y q",
		},
		"a parameter from a file": {
			template: "{{ .Values.script | quote }}", options: "{fileParameters: [{name: script, path: run.sh}]}",
			files: "-- app/run.sh --\necho {{ hello }}, you\n", want: "echo {{ hello }}, you\n",
		},
		"a file of a parameter out of the repository is refused": {
			template: "x", options: "{fileParameters: [{name: script, path: ../../../etc/passwd}]}", fault: "leaves the repository",
		},
		"a parameter that cannot be set is named": {
			template: "x", options: "{parameters: [{name: 'a[99999999]', value: x}]}", fault: "spec.source.helm.parameters",
		},
		"the release has the application's name and the destination's namespace": {
			template: "'{{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.Service }} {{ .Release.Revision }} {{ .Release.IsInstall }}'",
			want:     "guestbook web Helm 1 true",
		},
		"the options name the release and the namespace": {
			template: "'{{ .Release.Name }} {{ .Release.Namespace }}'", options: "{releaseName: other, namespace: away, version: v3}", want: "other away",
		},
		"a name of a release that is too long": {
			template: "x", options: "{releaseName: " + strings.Repeat("x", 54) + "}", fault: "set spec.source.helm.releaseName",
		},
		"an unknown version of helm": {template: "x", options: "{version: v1}", fault: "spec.source.helm.version"},
		"lookup finds nothing and names are not resolved": {
			template: `'{{ lookup "v1" "Secret" "default" "x" | len }}{{ getHostByName "localhost" }}.'`, want: "0.",
		},
		"the environment of the worker is not there": {template: `'{{ env "HOME" }}'`, fault: "function \"env\" not defined"},
		"the kubeVersion and apiVersions of the options": {
			template: `'{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion.Minor }} {{ .Capabilities.APIVersions.Has "x.io/v1" }} {{ .Capabilities.APIVersions.Has "apps/v1" }}'`,
			options:  "{kubeVersion: 1.29.4-gke.1, apiVersions: [x.io/v1]}", want: "v1.29.4 29 true true",
		},
		"a kubeVersion that is none": {
			template: "'{{ .Capabilities.KubeVersion }}'", options: "{kubeVersion: latest}", fault: "spec.source.helm.kubeVersion",
		},
		"the capabilities of the destination": {
			template: `'{{ .Capabilities.KubeVersion.GitVersion }} {{ .Capabilities.APIVersions.Has "v1/Pod" }} {{ .Capabilities.APIVersions.Has "x.io/v1" }}'`,
			want:     "v1.37.2 true false",
		},
		"all API versions of the destination": {
			template: `'{{ range .Capabilities.APIVersions }}{{ . }} {{ end }}{{ join "," .Capabilities.APIVersions }}'`, want: "v1 v1/Pod v1,v1/Pod",
		},
		"a required value that is missing":  {template: `{{ required "name a colour" .Values.colour }}`, fault: "name a colour"},
		"text that a template refuses with": {template: `{{ fail "no" }}`, fault: "no"},
		"a template that cannot be parsed":  {template: "{{ if }}", fault: "app: helm: parse error"},
		"values that are no map":            {template: "x", options: "{values: '[1]'}", fault: "spec.source.helm.values must be a map"},
		"values that the schema refuses": {
			template: "x", options: "{values: 'a: text'}", files: "-- app/values.schema.json --\n{\"properties\": {\"a\": {\"type\": \"integer\"}}}\n",
			fault: "got string, want integer",
		},
		"the schema may be skipped": {
			template: "x", options: "{values: 'a: text', skipSchemaValidation: true}",
			files: "-- app/values.schema.json --\n{\"properties\": {\"a\": {\"type\": \"integer\"}}}\n", want: "x",
		},
		"two tools at once": {template: "x", options: "{}", files: "-- app/.argocd-source.yaml --\nkustomize: {}\n", fault: "keep the options of one tool"},
		"options of the repository": {
			template: values, files: "-- app/.argocd-source.yaml --\nhelm: {values: 'a: file'}\n", want: "file  invalid",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := "path: app"
			if test.options != "" {
				spec = "{path: app, helm: " + test.options + "}"
			}
			input := inputOf(t, spec, printing(test.template)+test.files)
			input.Destination = offering{version: "v1.37.2-eks-1", names: []string{"v1", "v1/Pod"}}
			output, err := cache.Render(t.Context(), input)
			if test.fault != "" {
				failed, isFault := errors.AsType[*SourceError](err)
				if !isFault || !strings.Contains(failed.Error(), test.fault) {
					t.Fatalf("want a SourceError with %q, got %v", test.fault, err)
				}
				if strings.Contains(failed.Error(), "pw") || strings.Contains(failed.Error(), "token") {
					t.Errorf("the error shows a secret: %v", failed)
				}
				return
			}
			if got := seen(t, output, err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

const cm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "

func TestHelmCharts(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	chart := func(name, more string) string {
		return "{apiVersion: v2, name: " + name + ", version: 1.0.0" + more + "}\n"
	}
	tests := map[string]struct {
		options string
		files   string
		want    string
		fault   string
	}{
		"definitions come first, then objects by kind, then hooks; notes are dropped": {
			files: "-- Chart.yaml --\n" + chart("shop", "") +
				"-- templates/z.yaml --\n" + cm + "c}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n" +
				"-- templates/h.yaml --\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: pre-install}}\n" +
				"-- templates/t.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n" +
				"-- templates/NOTES.txt --\nhello {{ .Release.Name }}\n-- templates/_helpers.tpl --\n{{ define \"x\" }}x{{ end }}\n" +
				"-- crds/d.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: d.x.io}\n",
			want: "CustomResourceDefinition/d.x.io Namespace/ns ConfigMap/c Pod/test Job/j",
		},
		"definitions and tests may be skipped": {
			options: "{skipCrds: true, skipTests: true}",
			files: "-- Chart.yaml --\n" + chart("shop", "") + "-- templates/c.yaml --\n" + cm + "c}\n" +
				"-- templates/t.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n" +
				"-- crds/d.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: d.x.io}\n",
			want: "ConfigMap/c",
		},
		"subcharts by condition, tag and alias": {
			options: "{values: '{opt: {enabled: false}, tags: {extra: false}, global: {g: G}, two: {name: two}}'}",
			files: "-- Chart.yaml --\n" + chart("shop", ", dependencies: [{name: none, version: '*', condition: opt.enabled}, "+
				"{name: tagged, version: '*', tags: [extra]}, {name: sub, version: 1.x, alias: one}, {name: sub, version: 1.x, alias: two}]") +
				"-- charts/none/Chart.yaml --\n" + chart("none", "") + "-- charts/none/templates/c.yaml --\n" + cm + "none}\n" +
				"-- charts/tagged/Chart.yaml --\n" + chart("tagged", "") + "-- charts/tagged/templates/c.yaml --\n" + cm + "tagged}\n" +
				"-- charts/sub/Chart.yaml --\n" + chart("sub", "") + "-- charts/sub/values.yaml --\nname: default\n" +
				"-- charts/sub/templates/c.yaml --\n" + cm + "'{{ .Values.name }}-{{ .Chart.Name }}-{{ .Values.global.g }}'}\n",
			want: "ConfigMap/default-one-G ConfigMap/two-two-G",
		},
		"values that are imported from a subchart, and a library chart": {
			files: "-- Chart.yaml --\n" + chart("shop", ", dependencies: [{name: lib, version: '*'}, {name: sub, version: '*', import-values: [out]}]") +
				"-- templates/c.yaml --\n" + cm + "'{{ include \"lib.name\" . }}-{{ .Values.imported }}'}\n" +
				"-- charts/lib/Chart.yaml --\n" + chart("lib", ", type: library") + "-- charts/lib/templates/_l.tpl --\n{{ define \"lib.name\" }}{{ .Release.Name }}{{ end }}\n" +
				"-- charts/sub/Chart.yaml --\n" + chart("sub", "") + "-- charts/sub/values.yaml --\nexports: {out: {imported: yes!}}\n",
			want: "ConfigMap/guestbook-yes!",
		},
		"files of the chart, and what .helmignore leaves out": {
			files: "-- Chart.yaml --\n" + chart("shop", "") + "-- .helmignore --\n*.bak\nskip/\n-- a.txt --\nA\n-- b.bak --\nB\n-- skip/c.txt --\nC\n" +
				"-- templates/c.yaml --\n" + cm + "'{{ range $name, $_ := .Files }}{{ $name }} {{ end }}{{ .Files.Get \"a.txt\" | trim }}'}\n",
			want: "ConfigMap/.helmignore a.txt A",
		},
		"a chart of the first format with requirements": {
			files: "-- Chart.yaml --\n{name: old, version: 1.0.0}\n-- requirements.yaml --\ndependencies: [{name: sub, version: 1.0.0}]\n" +
				"-- charts/sub/Chart.yaml --\n" + chart("sub", "") + "-- charts/sub/templates/c.yaml --\n" + cm + "sub}\n",
			want: "ConfigMap/sub",
		},
		"a library chart by itself": {
			files: "-- Chart.yaml --\n" + chart("lib", ", type: library"), fault: "library chart",
		},
		"a dependency that is missing": {
			files: "-- Chart.yaml --\n" + chart("shop", ", dependencies: [{name: gone, version: 1.0.0}]"), fault: `the dependency "gone" in version "1.0.0": charts/ does not hold it`,
		},
		"options of helm without a chart": {options: "{}", files: "-- a.yaml --\n" + cm + "a}\n", fault: "no Chart.yaml"},
		"a chart for another Kubernetes": {
			files: "-- Chart.yaml --\n" + chart("shop", ", kubeVersion: '<1.20'"), fault: "made for Kubernetes <1.20, and the destination has v1.37.2",
		},
		"a rendered document that is no object": {
			files: "-- Chart.yaml --\n" + chart("shop", "") + "-- templates/c.yaml --\nfoo: bar\n", fault: "no kind",
		},
		"a chart without a version": {files: "-- Chart.yaml --\n{apiVersion: v2, name: shop}\n", fault: "chart.metadata.version is required"},
		"a rendered list":           {files: "-- Chart.yaml --\n" + chart("shop", "") + "-- templates/c.yaml --\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}]\n", want: "ConfigMap/x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := "path: ."
			if test.options != "" {
				spec = "{path: ., helm: " + test.options + "}"
			}
			input := inputOf(t, spec, test.files)
			input.Destination = offering{version: "v1.37.2"}
			output, err := cache.Render(t.Context(), input)
			failed, isFault := errors.AsType[*SourceError](err)
			switch {
			case test.fault != "" && (!isFault || !strings.Contains(failed.Error(), test.fault)):
				t.Fatalf("want a SourceError with %q, got %v", test.fault, err)
			case test.fault == "" && err != nil:
				t.Fatal(err)
			case test.fault == "":
				if diff := cmp.Diff(test.want, namesOf(output.Manifests)); diff != "" {
					t.Error(diff)
				}
				if output.Type != "Helm" {
					t.Errorf("the type is %s", output.Type)
				}
			}
		})
	}
}

func TestClustersShareRendersOfChartsThatDoNotAskThem(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		template string
		renders  uint64
	}{
		"a chart that asks nothing":                      {"x", 1},
		"a chart that asks for a version that both have": {`'{{ .Capabilities.APIVersions.Has "v1" }}'`, 1},
		"a chart that asks for one that one has":         {`'{{ .Capabilities.APIVersions.Has "x.io/v1" }}'`, 2},
		"a chart that asks for the version":              {`'{{ .Capabilities.KubeVersion.Minor }}'`, 2},
		"a chart that lists all":                         {`'{{ join "," .Capabilities.APIVersions }}'`, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := newCache(t, Options{})
			for range 2 {
				for _, to := range []offering{{"v1.36.0", []string{"v1"}}, {"v1.37.0", []string{"v1", "x.io/v1"}}} {
					input := inputOf(t, "{path: app}", printing(test.template))
					input.Destination = to
					if _, err := cache.Render(t.Context(), input); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := cache.Counts().Renders; got != test.renders {
				t.Errorf("%d renders, want %d", got, test.renders)
			}
		})
	}
	t.Run("a cluster that cannot be asked fails the charts that ask", func(t *testing.T) {
		t.Parallel()
		cache := newCache(t, Options{})
		input := inputOf(t, "{path: app}", printing(`'{{ .Capabilities.APIVersions.Has "x.io/v1" }}'`))
		input.Destination = unknowing{}
		if _, err := cache.Render(t.Context(), input); !errors.Is(err, errAway) {
			t.Errorf("got %v", err)
		}
		input = inputOf(t, "{path: app}", printing("x"))
		input.Destination = unknowing{}
		output, err := cache.Render(t.Context(), input)
		if got := seen(t, output, err); got != "x" {
			t.Errorf("got %q", got)
		}
	})
}

func TestRendersThatDifferEachTime(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		template string
		want     string
	}{
		"a password":                          {"{{ randAlphaNum 20 }}", "ConfigMap a differ with each render, because templates call randAlphaNum"},
		"a certificate":                       {`{{ (genCA "x" 1).Cert | b64enc }}`, "ConfigMap a differ with each render, because templates call genCA"},
		"a date":                              {`'{{ now | date "2006-01-02" }}'`, "ConfigMap a differ with each render, because templates call now"},
		"an id":                               {"{{ uuidv4 }}", "ConfigMap a differ with each render, because templates call uuidv4"},
		"a password that is not used":         {`{{ default (randAlphaNum 20) "given" }}`, ""},
		"nothing of the kind":                 {"x", ""},
		"keys have an order, whatever it was": {`'{{ keys (dict "d" 1 "a" 2 "c" 3 "b" 4) | join "" }}{{ values (dict "d" 1 "a" 2 "c" 3 "b" 4) | join "" }}'`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := Options{Dir: t.TempDir()}
			cache := newCache(t, options)
			input := inputOf(t, "{path: app}", printing(test.template))
			first, err := cache.Render(t.Context(), input)
			if err != nil {
				t.Fatal(err)
			}
			if first.Unstable != test.want {
				t.Errorf("got %q, want %q", first.Unstable, test.want)
			}
			again, err := newCache(t, options).Render(t.Context(), input)
			if err != nil || again.Digest != first.Digest || again.Unstable != first.Unstable || !again.Cached {
				t.Errorf("after a restart: %v %v %q", err, again.Cached, again.Unstable)
			}
		})
	}
	t.Run("what was made for one application is not for another", func(t *testing.T) {
		t.Parallel()
		cache := newCache(t, Options{})
		input := inputOf(t, "{path: app, helm: {releaseName: shop}}", printing("{{ randAlphaNum 20 }}"))
		input.Namespace = "web"
		first, err := cache.Render(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		input.Application = "theirs_guestbook"
		second, err := cache.Render(t.Context(), input)
		if err != nil || first.Digest == second.Digest {
			t.Errorf("both have %s (%v)", second.Digest, err)
		}
	})
}

func TestReferencesToOtherSources(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	input := func(values string) Input {
		in := inputOf(t, "{path: app, helm: {valueFiles: ['$values/env/*.yaml', $values/$ARGOCD_APP_NAME.yaml], fileParameters: [{name: c, path: $values/c.txt}]}}",
			printing("'{{ .Values.a }} {{ .Values.b }} {{ .Values.c }}'"))
		in.Mounts = []Mount{{Name: "values", Repository: "https://git.example.com/values.git", Tree: source.Memory(filesOf(values))}}
		return in
	}
	const files = "-- env/a.yaml --\na: A\n-- guestbook.yaml --\nb: B\n-- c.txt --\nC\n-- other --\n"
	output, err := cache.Render(t.Context(), input(files))
	if got := seen(t, output, err); got != "A B C\n" && got != "A B C" && got != "A B C " {
		t.Fatalf("got %q", got)
	}
	output, err = cache.Render(t.Context(), input(files+"changed\n"))
	if err != nil || !output.Cached {
		t.Errorf("a file that nobody read: %v, cached %v", err, output.Cached)
	}
	output, err = cache.Render(t.Context(), input(files+"-- env/b.yaml --\na: B\n"))
	if got := seen(t, output, err); output.Cached || !strings.HasPrefix(got, "B B C") {
		t.Errorf("a new file: %q, cached %v", got, output.Cached)
	}
	out := input(files)
	out.Source.Helm.ValueFiles = []string{"$values/../../etc/passwd"}
	if _, err = cache.Render(t.Context(), out); err == nil || !strings.Contains(err.Error(), "leaves the repository") {
		t.Errorf("got %v", err)
	}
	out.Source.Helm.ValueFiles = []string{"$values/link"}
	out.Mounts[0].Tree = source.MemoryOf(map[string]source.MemoryFile{"link": {Kind: source.Symlink, Content: "../etc/passwd"}})
	if _, err = cache.Render(t.Context(), out); err == nil || !strings.Contains(err.Error(), "leads out of the repository") {
		t.Errorf("got %v", err)
	}
}
