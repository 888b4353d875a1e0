// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

const guestbook = `
generators:
- clusters: {}
template:
  metadata:
    name: '{{name}}-guestbook'
  spec:
    project: default
    source:
      repoURL: https://github.com/org/gitops-repo
      targetRevision: HEAD
      path: apps/guestbook/overlays/{{name}}
    destination:
      server: '{{server}}'
      namespace: guestbook
    syncPolicy:
      automated:
        prune: true
        selfHeal: true
`

func TestGuestbook(t *testing.T) {
	t.Parallel()
	known := destinations()
	known[2].Name = "staging"
	out, err := generate.Applications(setOf(t, guestbook), known)
	if err != nil || len(out.Problems) > 0 {
		t.Fatal(err, out.Problems)
	}
	var got [][]string
	for _, made := range out.Applications {
		app := made.Application
		got = append(got, []string{app.Namespace, app.Name, app.Spec.Destination.Server, app.Spec.Source.Path})
		if !*app.Spec.SyncPolicy.Automated.Prune || !*app.Spec.SyncPolicy.Automated.SelfHeal {
			t.Errorf("%s: the sync policy is lost", app.Name)
		}
		if diff := cmp.Diff([]string{v1alpha1.ResourcesFinalizerName}, app.Finalizers); diff != "" {
			t.Error(diff)
		}
	}
	want := [][]string{
		{"argocd", "in-cluster-guestbook", "https://kubernetes.default.svc", "apps/guestbook/overlays/in-cluster"},
		{"argocd", "production-guestbook", "https://production.example", "apps/guestbook/overlays/production"},
		{"argocd", "staging-guestbook", "https://staging.example", "apps/guestbook/overlays/staging"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestApplications(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct{ spec, want string }{
		"placeholders are filled in keys and values, and unknown ones stay": {
			spec: `
generators:
- list: {elements: [{name: a, values: {tier: gold}}], elementsYaml: "- name: b\n  count: 3\n"}
template:
  metadata: {name: '{{ name }}', labels: {'x-{{name}}': '{{values.tier}}'}, finalizers: ['keep.example/{{name}}']}
  spec: {project: p, source: {repoURL: r, path: 'a/{{unknown}}/{{count}}{{'}, destination: {name: '{{name}}'}}
`,
			want: `
metadata: {name: a, labels: {x-a: gold}, finalizers: [keep.example/a]}
spec: {project: p, source: {repoURL: r, path: 'a/{{unknown}}/{{count}}{{'}, destination: {name: a}}
---
metadata: {name: b, labels: {x-b: '{{values.tier}}'}, finalizers: [keep.example/b]}
spec: {project: p, source: {repoURL: r, path: 'a/{{unknown}}/{{count}}{{'}, destination: {name: b}}
`,
		},
		"a value is never read as a template": {
			spec: `
goTemplate: true
generators: [{list: {elements: [{name: a, evil: '{{ .name }}', deep: "x\n  project: other"}]}}]
template:
  metadata: {name: '{{ .name }}', annotations: {evil: '{{ .evil }}'}}
  spec: {project: '{{ .deep }}', source: {repoURL: r}, destination: {}}
syncPolicy: {preserveResourcesOnDeletion: true}
`,
			want: `
metadata: {name: a, annotations: {evil: '{{ .name }}'}}
spec: {project: "x\n  project: other", source: {repoURL: r}}
`,
		},
		"a selector leaves out the hosting cluster, which has no labels": {
			spec: `
generators:
- clusters:
    selector: {matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}
    values: {where: '{{metadata.labels.env}}-{{name}}', loop: '{{values.where}}'}
template:
  metadata: {name: '{{nameNormalized}}', annotations: {a: '{{values.where}}', b: '{{values.loop}}'}}
  spec: {project: '{{project}}', destination: {server: '{{server}}'}}
`,
			want: `
metadata:
  name: staging-1
  annotations: {a: test-Staging_1, b: '{{values.where}}'}
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec: {destination: {server: 'https://staging.example'}}
`,
		},
		"Go templates read labels, annotations and values, and see no credentials of kubectl": {
			spec: `
goTemplate: true
goTemplateOptions: [missingkey=error]
generators:
- clusters: {selector: {matchLabels: {env: prod}}, values: {zone: '{{ .metadata.labels.region }}-1'}}
template:
  metadata: {name: '{{ .nameNormalized | upper | normalize }}', labels: {zone: '{{ .values.zone }}'}}
  spec:
    project: '{{ .project }}'
    source:
      repoURL: '{{ index .metadata.annotations "example.com/owner" }}'
      path: '{{ .metadata.annotations | len }}{{ range $i, $e := list 1 2 }}-{{ $i }}{{ $e }}{{ end }}'
      helm: {valuesObject: {big: 900719925474099, on: true, '{{ .name }}': ['{{ .server }}']}}
    destination: {}
`,
			want: `
metadata: {name: production, labels: {zone: eu-1}, finalizers: [resources-finalizer.argocd.argoproj.io]}
spec:
  project: web
  source:
    repoURL: team-a
    path: 1-01-12
    helm: {valuesObject: {big: 900719925474099, on: true, production: ['https://production.example']}}
`,
		},
		"a flat list is one element": {
			spec: `
goTemplate: true
generators: [{clusters: {flatList: true}}]
template:
  metadata: {name: all}
  spec: {project: '{{ range .clusters }}{{ .name }} {{ end }}', destination: {}}
syncPolicy: {preserveResourcesOnDeletion: true}
`,
			want: "metadata: {name: all}\nspec: {project: 'Staging_1 production in-cluster '}",
		},
		"a generator's selector filters, also by values that no label could have": {
			spec: `
generators:
- clusters: {}
  selector: {matchExpressions: [{key: server, operator: In, values: ['https://production.example']}]}
template: {metadata: {name: '{{name}}'}, spec: {project: p, destination: {}}}
syncPolicy: {preserveResourcesOnDeletion: true}
`,
			want: "metadata: {name: production}\nspec: {project: p}",
		},
		"a generator's template wins where it says something": {
			spec: `
generators:
- list:
    elements: [{name: a}]
    template: {metadata: {labels: {x: '2'}}, spec: {project: '', destination: {}, source: {repoURL: '', path: own},
      syncPolicy: {automated: {prune: false}}}}
template:
  metadata: {name: '{{name}}', labels: {x: '1', y: '1'}}
  spec: {project: p, destination: {name: d}, source: {repoURL: r, path: base},
    syncPolicy: {automated: {prune: true, selfHeal: true}}}
syncPolicy: {preserveResourcesOnDeletion: true}
`,
			want: `
metadata: {name: a, labels: {x: '2', y: '1'}}
spec: {project: p, destination: {name: d}, source: {repoURL: r, path: own},
  syncPolicy: {automated: {prune: false, selfHeal: true}}}
`,
		},
		"a patch changes all but the project": {
			spec: `
goTemplate: true
generators: [{list: {elements: [{name: a, prune: true}]}}]
template: {metadata: {name: '{{ .name }}'}, spec: {project: p, destination: {}, source: {repoURL: r, path: x}}}
templatePatch: |
  metadata: {annotations: {from: '{{ .name }}'}, finalizers: [more.example/x]}
  spec:
    project: other
    source: {helm: {valueFiles: ['{{ .name }}.yaml']}}
    {{- if .prune }}
    syncPolicy: {automated: {prune: true}}
    {{- end }}
`,
			want: `
metadata: {name: a, annotations: {from: a}, finalizers: [more.example/x, resources-finalizer.argocd.argoproj.io]}
spec: {project: p, source: {repoURL: r, path: x, helm: {valueFiles: [a.yaml]}},
  syncPolicy: {automated: {prune: true}}}
`,
		},
		"the peer's functions are there": {
			spec: `
goTemplate: true
generators: [{list: {elements: [{name: 'Über die Brücke.x', list: [1, 2]}]}}]
template:
  metadata: {name: '{{ normalize .name }}', annotations: {
    slug: '{{ slugify 10 .name }}', cut: '{{ slugify 10 false .name }}', yaml: '{{ toYaml .list }}',
    back: '{{ (fromYaml "a: {b: c}").a.b }}', array: '{{ index (fromYamlArray "[p, q]") 1 }}', none: '{{ .nope }}'}}
  spec: {project: p, destination: {}}
syncPolicy: {preserveResourcesOnDeletion: true}
`,
			want: `
metadata: {name: ber-die-br-cke.x, annotations: {
  slug: ber-die-br, cut: ber-die-br, yaml: "- 1\n- 2", back: c, array: q, none: <no value>}}
spec: {project: p}
`,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			out, err := generate.Applications(setOf(t, test.spec), destinations())
			if err != nil || len(out.Problems) > 0 {
				t.Fatal(err, out.Problems)
			}
			if diff := cmp.Diff(canonical(t, test.want), shown(t, out)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNumbersStayAsWritten(t *testing.T) {
	t.Parallel()
	out, err := generate.Applications(setOf(t, `
goTemplate: true
generators: [{list: {elements: [{name: a}]}}]
template:
  metadata: {name: a}
  spec: {source: {repoURL: r, helm: {valuesObject: {num: 12345678901234567890, '{{ .name }}': 1}}}}
`), nil)
	if err != nil || len(out.Applications) != 1 {
		t.Fatal(err, out.Problems)
	}
	want := `{"a":1,"num":12345678901234567890}`
	if got := string(out.Applications[0].Application.Spec.Source.Helm.ValuesObject.Raw); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPatchesReachIntoHelmValues(t *testing.T) {
	t.Parallel()
	out, err := generate.Applications(setOf(t, `
generators: [{list: {elements: [{name: a}]}}]
template: {metadata: {name: a}, spec: {source: {repoURL: r, helm: {valuesObject: {one: {two: 1, three: 1}}}}}}
templatePatch: 'spec: {source: {helm: {valuesObject: {one: {two: 2}}}}}'
`), nil)
	if err != nil || len(out.Applications) != 1 {
		t.Fatal(err, out.Problems)
	}
	want := `{"one":{"three":1,"two":2}}`
	if got := string(out.Applications[0].Application.Spec.Source.Helm.ValuesObject.Raw); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnreadableParametersGiveNothing(t *testing.T) {
	t.Parallel()
	const template = "\ntemplate: {metadata: {name: '{{name}}'}, spec: {project: p, destination: {}}}\n"
	for sentence, test := range map[string]struct{ spec, want string }{
		"a generator that is not served": {
			"generators: [{clusters: {}}, {git: {repoURL: r}}]", "spec.generators[1].git: this version has no git generator"},
		"no generators":              {"generators: []", "spec.generators is empty"},
		"an entry without generator": {"generators: [{}]", "spec.generators[0] names no generator"},
		"an element that is no string": {
			"generators: [{list: {elements: [{name: a}, {name: 3}]}}]",
			"spec.generators[0].list.elements[1].name: not a string"},
		"an element that is no object": {
			"generators: [{list: {elements: [null]}}]", "spec.generators[0].list.elements[0]: not an object"},
		"YAML that is no list": {
			"generators: [{list: {elementsYaml: 'a: b'}}]", "spec.generators[0].list.elementsYaml: not a YAML list"},
		"a wrong selector": {
			"generators: [{clusters: {}, selector: {matchExpressions: [{key: a, operator: Is}]}}]",
			`spec.generators[0].selector: matchExpressions[0]: operator: "Is"`},
		"a wrong selector of clusters": {
			"generators: [{clusters: {selector: {matchExpressions: [{key: a, operator: Is}]}}}]",
			"spec.generators[0].clusters.selector: "},
		"a value that fails": {
			"goTemplate: true\ngenerators: [{clusters: {values: {x: '{{ fail \"no\" }}'}}}]",
			"spec.generators[0].clusters.values.x: "},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			out, err := generate.Applications(setOf(t, test.spec+template), destinations())
			var failure *generate.Failure
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if failure.Reason != v1alpha1.ApplicationSetReasonApplicationParamsGenerationError || len(out.Applications) > 0 {
				t.Error(failure.Reason, out)
			}
		})
	}
}

func TestFaultyElements(t *testing.T) {
	t.Parallel()
	const elements = "goTemplate: true\ngenerators: [{list: {elements: [{name: a}, {name: b, bad: true}]}}]\n"
	for sentence, test := range map[string]struct {
		spec, want string
		made       int
	}{
		"a template that fails for one element leaves the others": {
			"template: {metadata: {name: '{{ .name }}'}, spec: {project: '{{ if .bad }}{{ fail \"no\" }}{{ end }}'}}",
			"spec.generators[0].list.elements[1]: spec.template.spec.project: ", 1},
		"an empty name": {
			"template: {metadata: {name: '{{ if not .bad }}a{{ end }}'}, spec: {}}", "gives an empty name", 1},
		"a name that no object can have": {
			"template: {metadata: {name: '{{ if .bad }}A B{{ else }}a{{ end }}'}, spec: {}}", `gives "A B"`, 1},
		"another namespace": {
			"template: {metadata: {name: '{{ .name }}', namespace: '{{ if .bad }}kube-system{{ end }}'}, spec: {}}",
			`namespace gives "kube-system"`, 1},
		"one name for two": {
			"template: {metadata: {name: same}, spec: {}}",
			`duplicate name: spec.generators[0].list.elements[0] and spec.generators[0].list.elements[1] both give`, 0},
		"a patch with a wrong type": {
			"template: {metadata: {name: '{{ .name }}'}, spec: {}}\n" +
				"templatePatch: '{{ if .bad }}spec: {source: {path: [1]}}{{ end }}'",
			"spec.templatePatch: spec.source.path: a array is no string", 1},
		"a patch that starts a sync": {
			"template: {metadata: {name: '{{ .name }}'}, spec: {}}\n" +
				"templatePatch: '{{ if .bad }}operation: {sync: {}}{{ end }}'",
			"operation: a template cannot start a sync", 1},
		"two keys that become one": {
			"template: {metadata: {name: '{{ .name }}', labels: {'{{ if .bad }}x{{ else }}y{{ end }}': a, x: b}}, spec: {}}",
			`two keys become "x"`, 1},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			out, err := generate.Applications(setOf(t, elements+test.spec), nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Problems) == 0 || !strings.Contains(out.Problems[0].Error(), test.want) {
				t.Errorf("got %v, want %q", out.Problems, test.want)
			}
			if len(out.Applications) != test.made {
				t.Errorf("%d Applications, want %d", len(out.Applications), test.made)
			}
		})
	}
}
