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

const guestbook = `
-- base/kustomization.yaml --
resources: [deployment.yaml]
-- base/deployment.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1.0"}
-- overlays/prod/kustomization.yaml --
resources: [../../base]
namespace: prod
`

// deployment is the guestbook's Deployment with parts of it replaced.
func deployment(replace ...string) string {
	return strings.NewReplacer(append(replace,
		"NAMESPACE", "prod", "NAME", "web", "META", "", "REPLICAS", "1", "SELECTOR", "", "TEMPLATE", "", "IMAGE", "nginx:1.0",
	)...).Replace(`apiVersion: apps/v1
kind: Deployment
metadata: {name: "NAME", namespace: "NAMESPACE"META}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: webSELECTOR}}
  template:
    metadata: {labels: {app: webSELECTORTEMPLATE}}
    spec: {containers: [{name: web, image: "IMAGE"}]}
`)
}

func TestKustomize(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	tests := map[string]struct {
		options, files, want string
	}{
		"a base outside the path is read": {want: deployment()},
		"namePrefix and nameSuffix frame every name": {
			options: "{namePrefix: a-, nameSuffix: -z}", want: deployment("NAMESPACE", "prod", "NAME", "a-web-z"),
		},
		"namespace replaces that of the kustomization": {
			options: "{namespace: other}", want: deployment("NAMESPACE", "other"),
		},
		"images are replaced by name, tag and digest": {
			options: "{images: ['nginx=registry.example.com/n:2.0']}", want: deployment("IMAGE", "registry.example.com/n:2.0"),
		},
		"an image's variables are replaced": {
			options: "{images: ['nginx:$ARGOCD_APP_REVISION_SHORT']}", want: deployment("IMAGE", "nginx:0123456"),
		},
		"an asterisk keeps the part that the kustomization has": {
			options: "{images: ['nginx=mirror/nginx:*']}",
			files: "-- overlays/prod/kustomization.yaml --\nresources: [../../base]\nnamespace: prod\n" +
				"images: [{name: nginx, newTag: '7'}]\n",
			want: deployment("IMAGE", "mirror/nginx:7"),
		},
		"replicas are set by name, from a string too": {
			options: "{replicas: [{name: web, count: '4'}]}", want: deployment("REPLICAS", "4"),
		},
		"commonLabels reach selectors and templates": {
			options: "{commonLabels: {team: shop}}",
			want:    deployment("SELECTOR", ", team: shop", "META", ", labels: {team: shop}"),
		},
		"labelWithoutSelector leaves selectors alone": {
			options: "{commonLabels: {team: shop}, labelWithoutSelector: true}",
			want:    deployment("META", ", labels: {team: shop}"),
		},
		"labelIncludeTemplates labels templates but not selectors": {
			options: "{commonLabels: {team: shop}, labelWithoutSelector: true, labelIncludeTemplates: true}",
			want:    deployment("META", ", labels: {team: shop}", "TEMPLATE", ", team: shop"),
		},
		"commonAnnotations keep their dollars without commonAnnotationsEnvsubst": {
			options: "{commonAnnotations: {app: $ARGOCD_APP_NAME}}",
			want: deployment("META", ", annotations: {app: $ARGOCD_APP_NAME}",
				"TEMPLATE}", "}, annotations: {app: $ARGOCD_APP_NAME}"),
		},
		"commonAnnotationsEnvsubst replaces variables": {
			options: "{commonAnnotations: {app: '${ARGOCD_APP_NAME} $$ $NO'}, commonAnnotationsEnvsubst: true}",
			want: deployment("META", ", annotations: {app: 'guestbook $ '}",
				"TEMPLATE}", "}, annotations: {app: 'guestbook $ '}"),
		},
		"forceCommonAnnotations replaces an annotation of the kustomization": {
			options: "{commonAnnotations: {a: new}, forceCommonAnnotations: true}",
			files: "-- overlays/prod/kustomization.yaml --\nresources: [../../base]\nnamespace: prod\n" +
				"commonAnnotations: {a: old}\n",
			want: deployment("META", ", annotations: {a: new}", "TEMPLATE}", "}, annotations: {a: new}"),
		},
		"patches come after the kustomization's own": {
			options: `{patches: [{target: {kind: Deployment}, ` +
				`patch: '[{"op": "replace", "path": "/spec/replicas", "value": 9}]'}]}`,
			files: "-- overlays/prod/kustomization.yaml --\nresources: [../../base]\nnamespace: prod\n" +
				"patches: [{target: {name: web}, " +
				"patch: '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 5}]'}]\n",
			want: deployment("REPLICAS", "9"),
		},
		"components are added, and missing ones ignored where that is asked": {
			options: "{components: [../../component, ../../gone], ignoreMissingComponents: true}",
			files: "-- component/kustomization.yaml --\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" +
				"replicas: [{name: web, count: 6}]\n",
			want: deployment("REPLICAS", "6"),
		},
		"a generated ConfigMap carries its hash": {
			files: "-- overlays/prod/kustomization.yaml --\nconfigMapGenerator: [{name: c, files: [a.txt]}]\n" +
				"-- overlays/prod/a.txt --\nhello\n",
			want: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c-7bbhf79gm2}\ndata: {a.txt: \"hello\\n\"}\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := "path: overlays/prod"
			if test.options != "" {
				spec += "\nkustomize: " + test.options
			}
			output, err := cache.Render(t.Context(), inputOf(t, spec, guestbook+test.files))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(normal(t, test.want), asYAML(t, output.Manifests)); diff != "" {
				t.Error(diff)
			}
			if output.Type != v1alpha1.ApplicationSourceTypeKustomize {
				t.Errorf("type %q", output.Type)
			}
		})
	}
}

func TestKustomizationsThatAreRefused(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	tests := map[string]struct {
		options, overlay string
		reason           Reason
		want             string
	}{
		"a base from a URL": {
			overlay: "resources: ['https://user:hunter2@github.com/x/y//base?ref=v1']",
			reason:  ReasonRefused, want: "never fetched",
		},
		"a base from a Git repository": {
			overlay: "bases: ['git@github.com:x/y.git']", reason: ReasonRefused, want: "never fetched",
		},
		"a base from GitHub without a scheme": {
			overlay: "resources: [github.com/x/y]", reason: ReasonRefused, want: "never fetched",
		},
		"a component from a URL in the Application": {
			options: "{components: ['ssh://git@example.com/x/y']}", overlay: "resources: [../../base]",
			reason: ReasonRefused, want: "never fetched",
		},
		"a patch from a URL": {
			overlay: "resources: [../../base]\npatches: [{path: 'http://example.com/p.yaml'}]",
			reason:  ReasonRefused, want: "never fetched",
		},
		"a file from a URL in an inline generator": {
			overlay: "generators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: g}\n" +
				"  files: [\"x=http://example.com/p\"]\n",
			reason: ReasonRefused, want: "never fetched",
		},
		"a base above the repository": {
			overlay: "resources: [../../../../etc]", reason: ReasonRefused, want: "leads out of the repository",
		},
		"a file outside the kustomization": {
			overlay: "configMapGenerator: [{name: c, files: [../../base/deployment.yaml]}]",
			reason:  ReasonInvalid, want: "is not in or below",
		},
		"a chart": {
			overlay: "helmCharts: [{name: x, repo: 'https://example.com'}]", reason: ReasonUnsupported, want: "helmCharts",
		},
		"a program as a transformer": {
			overlay: "resources: [../../base]\ntransformers:\n- |-\n  apiVersion: x/v1\n  kind: Y\n  metadata:\n    name: z\n" +
				"    annotations: {config.kubernetes.io/function: \"exec: {path: ./x}\"}\n",
			reason: ReasonRefused, want: "may not run programs",
		},
		"a base that includes itself": {
			overlay: "resources: [../prod]", reason: ReasonInvalid, want: "cycle detected",
		},
		"a label that the kustomization sets itself": {
			options: "{commonLabels: {a: new}}", overlay: "resources: [../../base]\ncommonLabels: {a: old}",
			reason: ReasonInvalid, want: "forceCommonLabels",
		},
		"an image that changes nothing": {
			options: "{images: [nginx]}", overlay: "resources: [../../base]",
			reason: ReasonInvalid, want: "spec.source.kustomize.images",
		},
		"a missing component": {
			options: "{components: [../gone]}", overlay: "resources: [../../base]", reason: ReasonInvalid, want: "overlays/gone",
		},
		"a field that kustomize does not know": {
			overlay: "resorces: [../../base]", reason: ReasonInvalid, want: "unknown field",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := "path: overlays/prod"
			if test.options != "" {
				spec += "\nkustomize: " + test.options
			}
			files := guestbook + "-- overlays/prod/kustomization.yaml --\n" + test.overlay + "\n"
			_, err := cache.Render(t.Context(), inputOf(t, spec, files))
			failed, ok := errors.AsType[*SourceError](err)
			if !ok {
				t.Fatalf("want a SourceError, got %v", err)
			}
			if failed.Reason != test.reason || !strings.Contains(failed.Error(), test.want) {
				t.Errorf("got %s: %v", failed.Reason, failed)
			}
			if strings.Contains(failed.Error(), "hunter2") || strings.Contains(failed.Error(), mountPoint) {
				t.Errorf("the error tells too much: %v", failed)
			}
		})
	}
}

func TestASchemaOfOneSourceDoesNotReachTheNext(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	// Without the built-in schema a patch replaces containers instead of merging them by name.
	schema := `-- overlays/prod/kustomization.yaml --
resources: [../../base]
openapi: {path: schema.json}
-- overlays/prod/schema.json --
{"definitions": {}}
`
	patched := `-- overlays/prod/kustomization.yaml --
resources: [../../base]
namespace: prod
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: side, image: "s:1"}]}}}
`
	fresh, err := newCache(t, Options{}).Render(t.Context(), inputOf(t, "path: overlays/prod", guestbook+patched))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = cache.Render(t.Context(), inputOf(t, "path: overlays/prod", guestbook+schema)); err != nil {
		t.Fatal(err)
	}
	after, err := cache.Render(t.Context(), inputOf(t, "path: overlays/prod", guestbook+patched))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asYAML(t, fresh.Manifests), asYAML(t, after.Manifests)); diff != "" {
		t.Error(diff)
	}
}
