// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/admission"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// sailor writes all that there is to write of Rollouts and analyses, and may run pods in cluster east alone.
const sailor = "sailor"

func fleetRules() []apiserver.Rule {
	granted := []apiserver.Rule{{User: sailor, Verb: "use", Resource: "clusters", Name: "east"}}
	for _, resource := range []string{"rollouts", "rollouts/scale", "analysisruns", "analysistemplates", "experiments"} {
		granted = append(granted, apiserver.Rule{User: sailor, Verb: apiserver.Any, Resource: resource})
	}
	return granted
}

// newFleet starts a server, with or without admission plugins.
func newFleet(t *testing.T, configure func(*server.Options)) *world {
	t.Helper()
	quiet := withoutControllers(t)
	w := &world{apiserver.Start(t, apiserver.Options{Assembly: assembly(), Configure: func(o *server.Options) {
		quiet(o)
		configure(o)
	}})}
	w.Rules.Allow(append(rules(), fleetRules()...)...)
	return w
}

func placed(t *testing.T, cluster string) *v1alpha1.Rollout {
	t.Helper()
	rollout := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	must(t, yaml.Unmarshal([]byte(canarySpec), &rollout.Spec))
	if cluster != "" {
		rollout.Annotations = map[string]string{v1alpha1.AnnotationCluster: cluster}
	}
	return rollout
}

func TestPodsInAnotherClusterNeedTheRightToUseIt(t *testing.T) {
	t.Parallel()
	w := newFleet(t, func(*server.Options) {})
	const right = "kubectl auth can-i use clusters.capstan.dev/west"
	created := func(cluster string) error {
		_, err := w.rollouts(t, sailor, newNamespace()).Create(t.Context(), placed(t, cluster), metav1.CreateOptions{})
		return err
	}
	must(t, created(""))
	must(t, created("east"))
	refused(t, created("west"), http.StatusForbidden, "capstan.dev/cluster", right)
	refused(t, created("not/a/name"), http.StatusUnprocessableEntity, "metadata.annotations[capstan.dev/cluster]")

	namespace := newNamespace()
	_, err := w.rollouts(t, admin, namespace).Create(t.Context(), placed(t, "west"), metav1.CreateOptions{})
	must(t, err)
	rollouts := w.rollouts(t, sailor, namespace)
	for what, body := range map[string]string{
		"the specification": `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:evil"}]}}}}`,
		"an annotation":     `{"metadata":{"annotations":{"team":"evil"}}}`,
	} {
		_, err := rollouts.Patch(t.Context(), "web", types.MergePatchType, []byte(body), metav1.PatchOptions{})
		t.Log(what)
		refused(t, err, http.StatusForbidden, right)
	}
	// What runs stays as it is, and so nobody is asked.
	must(t, patched(t, w, namespace, `{"metadata":{"finalizers":["example.com/mine"]}}`))
	must(t, patched(t, w, namespace, `{"metadata":{"finalizers":null}}`))
	must(t, rollouts.Delete(t.Context(), "web", metav1.DeleteOptions{}))
}

func patched(t *testing.T, w *world, namespace, body string) error {
	t.Helper()
	_, err := w.rollouts(t, sailor, namespace).
		Patch(t.Context(), "web", types.MergePatchType, []byte(body), metav1.PatchOptions{})
	return err
}

func TestARolloutStaysInItsCluster(t *testing.T) {
	t.Parallel()
	w := newFleet(t, func(*server.Options) {})
	for _, before := range []string{"", "east"} {
		for _, after := range []string{`"west"`, `null`, `"east"`} {
			namespace := newNamespace()
			_, err := w.rollouts(t, admin, namespace).Create(t.Context(), placed(t, before), metav1.CreateOptions{})
			must(t, err)
			_, err = w.rollouts(t, admin, namespace).Patch(t.Context(), "web", types.MergePatchType,
				[]byte(`{"metadata":{"annotations":{"capstan.dev/cluster":`+after+`}}}`), metav1.PatchOptions{})
			if same := before == "" && after == `null` || after == `"`+before+`"`; same {
				must(t, err)
				continue
			}
			refused(t, err, http.StatusUnprocessableEntity, "metadata.annotations[capstan.dev/cluster]", "create another object")
		}
	}
}

func TestAnalysesAndExperimentsInAnotherClusterNeedTheRightToUseIt(t *testing.T) {
	t.Parallel()
	w := newFleet(t, func(*server.Options) {})
	argo, namespace := w.as(t, sailor).ArgoprojV1alpha1(), newNamespace()
	for cluster, allowed := range map[string]bool{"east": true, "west": false} {
		described := metav1.ObjectMeta{
			GenerateName: "smoke-", Name: "smoke-" + cluster, Annotations: map[string]string{v1alpha1.AnnotationCluster: cluster},
		}
		metrics := []v1alpha1.Metric{{Name: "smoke", Provider: &v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: "https://a.example"}}}}
		_, err := argo.AnalysisRuns(namespace).Create(t.Context(), &v1alpha1.AnalysisRun{
			ObjectMeta: described, Spec: v1alpha1.AnalysisRunSpec{Metrics: metrics},
		}, metav1.CreateOptions{})
		_, templateErr := argo.AnalysisTemplates(namespace).Create(t.Context(), &v1alpha1.AnalysisTemplate{
			ObjectMeta: described, Spec: v1alpha1.AnalysisTemplateSpec{Metrics: metrics},
		}, metav1.CreateOptions{})
		_, experimentErr := argo.Experiments(namespace).Create(t.Context(), &v1alpha1.Experiment{
			ObjectMeta: described, Spec: v1alpha1.ExperimentSpec{Templates: []v1alpha1.TemplateSpec{}},
		}, metav1.CreateOptions{})
		for _, err := range []error{err, templateErr, experimentErr} {
			if allowed {
				must(t, err)
				continue
			}
			refused(t, err, http.StatusForbidden, "the verb use on clusters.capstan.dev")
		}
	}
}

func TestTheRightToUseAClusterIsAskedForWithoutAdmission(t *testing.T) {
	t.Parallel()
	w := newFleet(t, func(o *server.Options) {
		o.Recommended.Admission.DisablePlugins = admission.Order()
	})
	_, err := w.rollouts(t, sailor, newNamespace()).Create(t.Context(), placed(t, "west"), metav1.CreateOptions{})
	refused(t, err, http.StatusForbidden, "the verb use on clusters.capstan.dev")
}
