// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

// setWith makes one Application whose path is a template, or whose patch is.
func setWith(goTemplate bool, path, patch string, params map[string]any) (*v1alpha1.ApplicationSet, error) {
	element, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	set := &v1alpha1.ApplicationSet{}
	set.Namespace = "argocd"
	set.Spec.GoTemplate = &goTemplate
	set.Spec.Generators = []v1alpha1.ApplicationSetGenerator{{
		List: &v1alpha1.ListGenerator{Elements: []v1alpha1.JSON{{Raw: element}}},
	}}
	set.Spec.Template = &v1alpha1.ApplicationSetTemplate{
		Metadata: &v1alpha1.ApplicationSetTemplateMeta{Name: "a"},
		Spec:     &v1alpha1.ApplicationSetTemplateSpec{Source: &v1alpha1.ApplicationSource{Path: path}},
	}
	if patch != "" {
		set.Spec.TemplatePatch = &patch
	}
	return set, nil
}

func TestHostileTemplatesAreStopped(t *testing.T) {
	t.Parallel()
	for sentence, path := range map[string]string{
		"a long text":                     `{{ repeat 1000000000 "x" }}`,
		"a long list":                     `{{ until 1000000000 | len }}`,
		"a list with steps":               `{{ untilStep -1000000000 1000000000 1 | len }}`,
		"a wide number":                   `{{ printf "%999999d" 1 }}`,
		"a number of a width that is led": `{{ printf "%*d" 999999 1 }}`,
		"an empty loop":                   `{{ range 1000000000000 }}{{ end }}`,
		"loops in loops": `{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}` +
			`{{ end }}{{ end }}{{ end }}`,
		"a template that calls itself twice": `{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}` +
			`{{ template "a" }}`,
		"a text that doubles": `{{ $s := "x" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}{{ $s }}`,
		"a list that doubles": `{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}` +
			`{{ end }}{{ $l }}`,
		"a map that contains itself":            `{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ $d }}`,
		"a map that contains itself in another": `{{ $d := dict }}{{ $e := dict "d" $d }}{{ $_ := set $d "e" $e }}{{ $e }}`,
		"a replacement that multiplies": `{{ $s := repeat 5000 "x" }}` +
			`{{ replace "x" $s $s | len }}`,
		"a printed list that multiplies": `{{ $s := repeat 100000 "x" }}{{ $d := dict }}{{ $l := list }}` +
			`{{ range until 1000 }}{{ $l = append $l $d }}{{ end }}{{ $_ := set $d "s" $s }}{{ $l }}`,
		"more output than a store takes": `{{ range until 10000 }}{{ repeat 100 "xxxxxxxxxx" }}{{ end }}`,
		"the environment":                `{{ env "HOME" }}`,
		"a host name":                    `{{ getHostByName "localhost" }}`,
		"a key":                          `{{ genPrivateKey "rsa" }}`,
		"a random value":                 `{{ uuidv4 }}`,
		"a slow hash":                    `{{ bcrypt "x" }}`,
		"a comparison of all with all":   `{{ until 100000 | uniq | len }}`,
		"deep parentheses":               "{{" + strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000) + "}}",
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			set, err := setWith(true, path, "", map[string]any{"x": "y"})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			out, err := generate.Applications(set, nil)
			if err != nil || len(out.Problems) != 1 {
				t.Errorf("it was let through: %v %v", err, out.Problems)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestPlaceholdersCannotMultiply(t *testing.T) {
	t.Parallel()
	set, err := setWith(false, strings.Repeat("{{x}}", 10000), "", map[string]any{"x": strings.Repeat("x", 10000)})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := generate.Applications(set, nil); err != nil || len(out.Problems) != 1 {
		t.Errorf("100 MB were let through: %v %v", err, out.Problems)
	}
}

func FuzzApplications(f *testing.F) {
	f.Add(true, "{{ .x }}{{ range until 3 }}{{ . }}{{ end }}", "spec: {source: {path: '{{ .x | quote }}'}}", "v")
	f.Add(false, "{{x}}{{ x }}{{", "metadata: {labels: {a: '{{x}}'}}", "{{x}}")
	f.Add(true, `{{ define "t" }}{{ with .x }}{{ . | splitList "," | toYaml }}{{ else }}-`+
		`{{ end }}{{ end }}{{ template "t" . }}`,
		"spec: {info: [{name: a, value: '{{ dict \"a\" .x | toJson }}'}]}", "a,b")
	f.Fuzz(func(t *testing.T, goTemplate bool, path, patch, value string) {
		set, err := setWith(goTemplate, path, patch, map[string]any{"x": value})
		if err != nil {
			return
		}
		out, err := generate.Applications(set, nil)
		if err != nil {
			t.Fatalf("the parameters are fine: %v", err)
		}
		if len(out.Applications)+len(out.Problems) != 1 {
			t.Fatalf("one element gave %d Applications and %d problems", len(out.Applications), len(out.Problems))
		}
		again, err := generate.Applications(set, nil)
		if err != nil || shown(t, out) != shown(t, again) {
			t.Fatalf("another pass gives another result: %v", err)
		}
		for _, made := range out.Applications {
			app := made.Application
			if app.Operation != nil || app.Namespace != "argocd" || app.Spec.Project != "" {
				t.Fatalf("a template leads out: %v", app)
			}
		}
	})
}
