// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// everywhere refers to ConfigMaps and Secrets in each way that there is.
const everywhere = `
spec:
  imagePullSecrets: [{name: registry}]
  volumes:
  - {name: a, configMap: {name: volume}}
  - {name: b, secret: {secretName: volume, optional: true}}
  - {name: c, projected: {sources: [{configMap: {name: projected}}, {secret: {name: projected}}]}}
  initContainers:
  - {name: init, envFrom: [{configMapRef: {name: init}}]}
  containers:
  - name: main
    envFrom: [{configMapRef: {name: all, optional: true}}, {secretRef: {name: all}}]
    env:
    - {name: A, valueFrom: {configMapKeyRef: {name: one, key: a, optional: true}}}
    - {name: B, valueFrom: {configMapKeyRef: {name: one, key: b}}}
    - {name: C, valueFrom: {secretKeyRef: {name: one, key: c}}}
    - {name: D, value: plain}
`

// configured returns a Rollout of a pod template whose revisions comprise what the annotation names.
func configured(t *testing.T, annotation, pods string) *v1alpha1.Rollout {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(pods))
	if err != nil {
		t.Fatal(err)
	}
	rollout := &v1alpha1.Rollout{Spec: v1alpha1.RolloutSpec{Template: template(string(raw))}}
	if annotation != "" {
		rollout.Annotations = map[string]string{v1alpha1.AnnotationVersionedConfig: annotation}
	}
	return rollout
}

func TestWhatPodsSeeBelongsToTheRevision(t *testing.T) {
	t.Parallel()
	configMaps := map[Config]bool{
		{kindConfigMap, "volume"}: false, {kindConfigMap, "projected"}: false, {kindConfigMap, "init"}: false,
		{kindConfigMap, "all"}: true, {kindConfigMap, "one"}: false,
	}
	secrets := map[Config]bool{
		{kindSecret, "volume"}: true, {kindSecret, "projected"}: false, {kindSecret, "all"}: false, {kindSecret, "one"}: false,
	}
	both := maps.Clone(configMaps)
	maps.Copy(both, secrets)
	var many strings.Builder
	for i := range mostConfigs + 1 {
		fmt.Fprintf(&many, "  - {name: v%d, configMap: {name: c%d}}\n", i, i)
	}
	cases := map[string]struct {
		annotation, pods string
		want             map[Config]bool
		problem          string
	}{
		"not unless the Rollout says so":     {pods: everywhere},
		"ConfigMaps":                         {annotation: "configmaps", pods: everywhere, want: configMaps},
		"Secrets":                            {annotation: "secrets", pods: everywhere, want: secrets},
		"both":                               {annotation: "configmaps, secrets", pods: everywhere, want: both},
		"pods that see nothing":              {annotation: "configmaps", pods: "spec: {}", want: map[Config]bool{}},
		"but nothing else":                   {annotation: "true", pods: everywhere, problem: `metadata.annotations[capstan.dev/versioned-config]: Unsupported value: "true"`},
		"but not of a template that is none": {annotation: "configmaps", pods: "spec: 1", problem: "spec.template: Invalid value"},
		"but not more than can be watched": {annotation: "configmaps", pods: "spec:\n  volumes:\n" + many.String(),
			problem: "spec.template: Too many: 31: must have at most 30 items"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ConfigsOf(configured(t, tc.annotation, tc.pods))
			expectProblem(t, err, tc.problem)
			if diff := cmp.Diff(tc.want, got); tc.problem == "" && diff != "" {
				t.Errorf("what belongs to it, and whether it is optional (-want +got):\n%s", diff)
			}
		})
	}
}

// contents digests one text for each config, as if it held that.
func contents(t *testing.T, texts map[Config]string) map[Config]Content {
	t.Helper()
	known := map[Config]Content{}
	for config, text := range texts {
		content, err := ContentOf(config, "u", map[string]any{"data": map[string]any{"key": text}})
		if err != nil {
			t.Fatal(err)
		}
		known[config] = content
	}
	return known
}

func TestATemplateRefersToCopies(t *testing.T) {
	t.Parallel()
	const pods = "spec: {volumes: [{name: a, configMap: {name: web}}, {name: b, configMap: {name: extra, optional: true}}]}"
	web, extra := Config{kindConfigMap, "web"}, Config{kindConfigMap, "extra"}
	optional := map[Config]bool{web: false, extra: true}
	names := func(t *testing.T, texts map[Config]string) []string {
		t.Helper()
		before := configured(t, "configmaps", pods)
		written := string(before.Spec.Template.Raw)
		pinned, copies, err := Pin(before, optional, contents(t, texts))
		if err != nil {
			t.Fatal(err)
		}
		if string(before.Spec.Template.Raw) != written {
			t.Error("the Rollout itself was changed")
		}
		again := configured(t, "", "")
		again.Annotations, again.Spec.Template = before.Annotations, pinned.Spec.Template
		found, err := ConfigsOf(again)
		if err != nil {
			t.Fatal(err)
		}
		var made []string
		for _, each := range copies {
			if _, refers := found[Config{kindConfigMap, each.Name}]; !refers {
				t.Errorf("the template does not refer to the copy %s", each.Name)
			}
			made = append(made, each.Of.Name+" as "+each.Name)
		}
		return made
	}
	first := names(t, map[Config]string{web: "1"})
	if len(first) != 1 || !strings.HasPrefix(first[0], "web as web-") {
		t.Fatalf("copies %v, want one of web, and none of what is optional and not there", first)
	}
	if again := names(t, map[Config]string{web: "1"}); !slices.Equal(first, again) {
		t.Errorf("copies %v and %v of the same content", first, again)
	}
	if other := names(t, map[Config]string{web: "2"}); slices.Equal(first, other) {
		t.Errorf("copies %v of other content, too", other)
	}
	if both := names(t, map[Config]string{web: "1", extra: "1"}); len(both) != 2 {
		t.Errorf("copies %v, want one of what is optional, too, once it is there", both)
	}
	_, _, err := Pin(configured(t, "configmaps", pods), optional, contents(t, map[Config]string{extra: "1"}))
	expectProblem(t, err, `spec.template: Invalid value: "web": ConfigMap "web" not found: create it`)
	_, _, err = Pin(configured(t, "configmaps", pods), optional, contents(t, map[Config]string{
		web: strings.Repeat("a", mostBytes/2), extra: strings.Repeat("b", mostBytes/2),
	}))
	expectProblem(t, err, "spec.template: Forbidden: the ConfigMaps and Secrets to which it refers hold 4194")
}

// Where people go back to a revision, the template refers to its copies.
func TestACopyIsNotCopied(t *testing.T) {
	t.Parallel()
	web := Config{kindConfigMap, "web-abc"}
	known := contents(t, map[Config]string{web: "1"})
	known[web] = Content{Digest: known[web].Digest, IsCopy: true}
	rollout := configured(t, "configmaps", "spec: {volumes: [{name: a, configMap: {name: web-abc}}]}")
	_, copies, err := Pin(rollout, map[Config]bool{web: false}, known)
	if err != nil || len(copies) != 1 || copies[0].Name != "web-abc" {
		t.Errorf("copies %v, error %v; want it to keep its name", copies, err)
	}
}

func TestNamesOfCopiesAreValid(t *testing.T) {
	t.Parallel()
	content := Content{Digest: strings.Repeat("0123456789", 6)}
	for _, name := range []string{"a", strings.Repeat("a", 253), strings.Repeat("a", 241) + "." + strings.Repeat("b", 11)} {
		got := copyName(Config{kindConfigMap, name}, content)
		if problems := validation.IsDNS1123Subdomain(got); len(problems) > 0 {
			t.Errorf("%d letters: %v", len(got), problems)
		}
	}
}

func TestTheNameOfASecretsCopySaysNothingOfIt(t *testing.T) {
	t.Parallel()
	held := map[string]any{"data": map[string]any{"pin": "MTIzNA=="}}
	of := func(kind, uid string) string {
		config := Config{kind, "pin"}
		content, err := ContentOf(config, types.UID(uid), held)
		if err != nil {
			t.Fatal(err)
		}
		return copyName(config, content)
	}
	if of(kindSecret, "a") == of(kindSecret, "b") {
		t.Error("who knows the content of a Secret knows its name: it can be tried out")
	}
	if of(kindConfigMap, "a") != of(kindConfigMap, "b") {
		t.Error("a ConfigMap that is made anew with the same content is another one")
	}
}

func TestNoSecretOfAnotherClusterBelongsToARevision(t *testing.T) {
	t.Parallel()
	for kinds, refused := range map[string]bool{"configmaps": false, "secrets": true, "configmaps,secrets": true} {
		object := &v1alpha1.Rollout{}
		object.Annotations = map[string]string{
			v1alpha1.AnnotationCluster: "east", v1alpha1.AnnotationVersionedConfig: kinds,
		}
		object.Spec.Template.Raw = []byte(`{}`)
		_, err := ConfigsOf(object)
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), v1alpha1.AnnotationVersionedConfig) {
			t.Errorf("%s: %v", kinds, err)
		}
	}
}
