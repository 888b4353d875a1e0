// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

var errNoKind = errors.New("the cluster does not serve it")

// east is a destination without the kinds of argoproj.io, for which the hub keeps what it can.
func east() plan.Destination {
	to := destination()
	to.Cluster = "east"
	to.Missing = func(err error) bool { return errors.Is(err, errNoKind) }
	to.Namespaced = func(gvk schema.GroupVersionKind) (bool, error) {
		if gvk.Group == "argoproj.io" {
			return false, errNoKind
		}
		return true, nil
	}
	return to
}

const (
	keptRollout = `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, spec: {replicas: 3,
  strategy: {canary: {canaryService: canary, analysis: {templates: [{templateName: errors}]},
    steps: [{setWeight: 20}, {analysis: {templates: [{templateName: errors}]}},
      {experiment: {templates: [{name: new, specRef: canary}], analyses: [{name: trial, templateName: errors}]}}]}}}}`
	keptTemplate = `{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {name: errors}, spec: {metrics: []}}`
)

func preparedOf(t *testing.T, to plan.Destination, texts ...string) plan.Prepared {
	t.Helper()
	manifests := make([]manifest.Manifest, 0, len(texts))
	for _, text := range texts {
		manifests = append(manifests, parse(t, text))
	}
	prepared, err := plan.Prepare(manifests, to)
	if err != nil {
		t.Fatal(err)
	}
	return prepared
}

func TestTheHubKeepsWhatADestinationDoesNotServe(t *testing.T) {
	t.Parallel()
	prepared := preparedOf(t, east(), keptRollout, keptTemplate,
		"{apiVersion: v1, kind: Service, metadata: {name: canary}}")
	names := map[string]string{}
	for _, wanted := range prepared.Desired {
		names[wanted.String()] = wanted.Cluster
		if wanted.Borrows != "" {
			t.Errorf("%s makes use of the hub: %s", wanted.Name, wanted.Borrows)
		}
	}
	if diff := cmp.Diff(map[string]string{
		"argoproj.io/Rollout:demo/web.east": "east", "argoproj.io/AnalysisTemplate:demo/errors.east": "east",
		"/Service:demo/canary": "",
	}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	object, err := prepared.Manifests[0].Object()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range [][]string{
		{"spec", "strategy", "canary", "analysis", "templates"}, {"spec", "strategy", "canary", "steps"},
	} {
		list, _, _ := unstructured.NestedSlice(object.Object, path...)
		if text := fmt.Sprint(list); !strings.Contains(text, "templateName:errors.east") ||
			strings.Contains(text, "templateName:errors]") {
			t.Errorf("%v refers to %s", path, text)
		}
	}
	annotations := object.GetAnnotations()
	if annotations[v1alpha1.AnnotationCluster] != "east" ||
		annotations[live.TrackingAnnotation] != "guestbook:argoproj.io/Rollout:demo/web.east" {
		t.Errorf("annotations %v", annotations)
	}
}

func TestWhatAPlanHoldsIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	once := preparedOf(t, east(), keptRollout, keptTemplate)
	again, err := plan.Prepare(once.Manifests, east())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(once.Desired, again.Desired); diff != "" {
		t.Errorf("(-once +again):\n%s", diff)
	}
}

func TestADestinationThatServesRolloutsKeepsItsOwn(t *testing.T) {
	t.Parallel()
	to := east()
	to.Namespaced = func(schema.GroupVersionKind) (bool, error) { return true, nil }
	if got := preparedOf(t, to, keptRollout).Desired[0]; got.Name != "web" || got.Cluster != "" {
		t.Errorf("it is kept on the hub as %s", got.Name)
	}
}

func TestWhatOneMakesUseOfOnTheHubIsTold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		keptRollout: `the template "errors"`,
		strings.Replace(keptRollout, "templateName: errors}", "templateName: errors, clusterScope: true}", 1):                                                              `the template "errors"`,
		strings.Replace(keptTemplate, "metrics: []", "args: [{name: a, valueFrom: {secretKeyRef: {name: s, key: k}}}]", 1):                                                 "a Secret",
		strings.Replace(keptTemplate, "metrics: []", "templates: [{templateName: other}]", 1):                                                                              `the template "other"`,
		strings.Replace(keptTemplate, "metrics: []", "metrics: [{name: a, provider: {datadog: {query: q}}}]", 1):                                                           "a Secret",
		strings.Replace(keptTemplate, "metrics: []", "metrics: [{name: a, provider: {web: {url: u}}}]", 1):                                                                 "the network of the hub",
		strings.Replace(keptTemplate, "metrics: []", "metrics: [{name: a, provider: {prometheus: {address: u}}}]", 1):                                                      "the network of the hub",
		strings.Replace(keptTemplate, "metrics: []", "metrics: [{name: a, provider: {job: {spec: {}}}}]", 1):                                                               "",
		strings.Replace(strings.ReplaceAll(keptRollout, "templateName: errors", ""), "name: web", "name: web, annotations: {capstan.dev/versioned-config: configmaps}", 1): "",
		keptTemplate: "",
	} {
		got := preparedOf(t, east(), text).Desired[0].Borrows
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\nmakes use of: %q, want %q", text, got, want)
		}
	}
}

func TestATemplateOfAllNamespacesIsNotTheKeptOneOfThatName(t *testing.T) {
	t.Parallel()
	everywhere := strings.ReplaceAll(keptRollout, "templateName: errors", "templateName: errors.east, clusterScope: true")
	for _, wanted := range preparedOf(t, east(), everywhere, keptTemplate).Desired {
		if wanted.Kind == "Rollout" && !strings.Contains(wanted.Borrows, `the template "errors.east"`) {
			t.Errorf("it makes use of %q", wanted.Borrows)
		}
	}
}

func TestWhatCannotBeKeptIsAnError(t *testing.T) {
	t.Parallel()
	unnamed := east()
	unnamed.Cluster = ""
	unsure := east()
	unsure.Missing = func(error) bool { return false }
	for name, test := range map[string]struct {
		to   plan.Destination
		text string
		want string
	}{
		"a kind that is not a Rollout's":      {east(), strings.Replace(keptTemplate, "AnalysisTemplate", "Experiment", 1), errNoKind.Error()},
		"for a cluster without a usable name": {unnamed, keptRollout, errNoKind.Error()},
		"where nobody knows what is served":   {unsure, keptRollout, errNoKind.Error()},
		"a hook": {
			east(), strings.Replace(keptTemplate, "name: errors", "name: errors, annotations: {argocd.argoproj.io/hook: PreSync}", 1),
			errNoKind.Error(),
		},
		"a mark for another cluster": {
			east(), strings.Replace(keptRollout, "name: web", "name: web, annotations: {capstan.dev/cluster: west}", 1), "remove capstan.dev/cluster",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := plan.Prepare([]manifest.Manifest{parse(t, test.text)}, test.to)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Prepare: %v", err)
			}
		})
	}
}
