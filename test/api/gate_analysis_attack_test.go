// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/admission"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func analysisAttacks() map[string]attack {
	return map[string]attack{
		"in production what a Rollout goes on by is ended only with the right to skip it": analysesAreKept,
		"what a Rollout goes on by is not said to be of another one":                      ownersStay,
		"what no Rollout goes on by is ended without that right":                          othersEnd,
		"a Rollout that is deleted lets go what it went on by":                            deletedRolloutLetsGo,
	}
}

func analysisGateRules() []apiserver.Rule {
	var granted []apiserver.Rule
	for _, user := range []string{deployer, releaser} {
		for _, resource := range []string{"analysisruns", "experiments"} {
			for _, verb := range []string{"get", "list", "create", "update", "patch", "delete", "deletecollection"} {
				granted = append(granted, apiserver.Rule{User: user, Verb: verb, Resource: resource})
			}
		}
	}
	return granted
}

// awaited is something that a Rollout goes on by: resource and name.
type awaited struct{ resource, name string }

// await makes, as the server does, an Experiment and an AnalysisRun of a Rollout, and an AnalysisRun of the Experiment.
func (w *world) await(t *testing.T, rollout *v1alpha1.Rollout) []awaited {
	t.Helper()
	own := clientOf(t, w.Config).ArgoprojV1alpha1()
	kind := v1alpha1.SchemeGroupVersion.WithKind
	of := func(name string, owner metav1.Object, kindOf string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{
			*metav1.NewControllerRef(owner, kind(kindOf)),
		}}
	}
	trial, err := own.Experiments(rollout.Namespace).Create(t.Context(), &v1alpha1.Experiment{
		ObjectMeta: of("trial", rollout, "Rollout"), Spec: v1alpha1.ExperimentSpec{Templates: []v1alpha1.TemplateSpec{}},
	}, metav1.CreateOptions{})
	must(t, err)
	for _, meta := range []metav1.ObjectMeta{of("smoke", rollout, "Rollout"), of("trial-smoke", trial, "Experiment")} {
		_, err = own.AnalysisRuns(rollout.Namespace).Create(t.Context(), &v1alpha1.AnalysisRun{
			ObjectMeta: meta, Spec: v1alpha1.AnalysisRunSpec{Metrics: []v1alpha1.Metric{}},
		}, metav1.CreateOptions{})
		must(t, err)
	}
	return []awaited{{"experiments", "trial"}, {"analysisruns", "smoke"}, {"analysisruns", "trial-smoke"}}
}

// endings are all ways to end what is awaited, as a user.
func (w *world) endings(t *testing.T, user, namespace string, of awaited) map[string]func() error {
	t.Helper()
	client := w.as(t, user).ArgoprojV1alpha1().RESTClient()
	at := func(request *rest.Request) *rest.Request {
		return request.Namespace(namespace).Resource(of.resource)
	}
	patch := func(how types.PatchType, body string) func() error {
		return func() error {
			return at(client.Patch(how)).Name(of.name).Param("fieldManager", "attack").Body([]byte(body)).
				Do(t.Context()).Error()
		}
	}
	applied := func(body string) func() error {
		return func() error {
			kind := map[string]string{"experiments": "Experiment", "analysisruns": "AnalysisRun"}[of.resource]
			text := fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":%q,"metadata":{"name":%q},%s}`, kind, of.name, body)
			return at(client.Patch(types.ApplyPatchType)).Name(of.name).Param("fieldManager", "attack").Param("force", "true").
				Body([]byte(text)).Do(t.Context()).Error()
		}
	}
	return map[string]func() error{
		"a merge patch":                     patch(types.MergePatchType, `{"spec":{"terminate":true}}`),
		"a JSON patch":                      patch(types.JSONPatchType, `[{"op":"add","path":"/spec/terminate","value":true}]`),
		"server-side apply":                 applied(`"spec":{"terminate":true}`),
		"to take it from its owner":         patch(types.MergePatchType, `{"metadata":{"ownerReferences":null}}`),
		"to say that nothing controls it":   patch(types.JSONPatchType, `[{"op":"remove","path":"/metadata/ownerReferences/0/controller"}]`),
		"to end it and take it as well":     patch(types.MergePatchType, `{"metadata":{"ownerReferences":null},"spec":{"terminate":true}}`),
		"PUT":                               func() error { return w.putEnded(t, at, client, of) },
		"to delete it":                      func() error { return at(client.Delete()).Name(of.name).Do(t.Context()).Error() },
		"to delete it with all of its kind": func() error { return at(client.Delete()).Do(t.Context()).Error() },
	}
}

// putEnded replaces what is awaited by the same with terminate.
func (w *world) putEnded(
	t *testing.T, at func(*rest.Request) *rest.Request, client rest.Interface, of awaited,
) error {
	t.Helper()
	var object runtime.Object
	switch of.resource {
	case "experiments":
		experiment := &v1alpha1.Experiment{}
		must(t, at(client.Get()).Name(of.name).Do(t.Context()).Into(experiment))
		experiment.Spec.Terminate = new(true)
		object = experiment
	default:
		run := &v1alpha1.AnalysisRun{}
		must(t, at(client.Get()).Name(of.name).Do(t.Context()).Into(run))
		run.Spec.Terminate = new(true)
		object = run
	}
	return at(client.Put()).Name(of.name).Body(object).Do(t.Context()).Error()
}

func analysesAreKept(t *testing.T, w *world) {
	w.inProduction(t)
	namespace, rollout := w.rollout(t, canarySpec, atWeight)
	all := w.await(t, rollout)
	for _, of := range all {
		for how, end := range w.endings(t, deployer, namespace, of) {
			err := end()
			if err == nil {
				t.Errorf("%s of %s %s passes", how, of.resource, of.name)
				continue
			}
			refused(t, err, http.StatusForbidden, "override", "kubectl auth can-i override rollouts.argoproj.io/web -n "+namespace)
			if got := reasonOf(err); got != gate.Reason("MissingRight") {
				t.Errorf("%s: the reason is %q", how, got)
			}
		}
		for how := range w.endings(t, releaser, namespace, of) {
			elsewhere, other := w.rollout(t, canarySpec, atWeight)
			w.await(t, other)
			if err := w.endings(t, releaser, elsewhere, of)[how](); err != nil {
				t.Errorf("%s of %s %s by who may: %v", how, of.resource, of.name, err)
			}
		}
	}
	w.notEnded(t, namespace)
}

// ownersStay tries to have the gate look for a Rollout that is not there, where the one that waits is known by its UID.
func ownersStay(t *testing.T, w *world) {
	w.inProduction(t)
	namespace, rollout := w.rollout(t, canarySpec, atWeight)
	for _, of := range w.await(t, rollout) {
		for _, change := range []string{"name", "kind", "uid"} {
			for _, user := range []string{deployer, releaser} {
				to := map[string]string{"name": "nobody", "kind": "Rollout", "uid": "0f1e2d3c"}[change]
				if of.name == "smoke" && change == "kind" {
					to = "Experiment"
				}
				if of.resource == "experiments" && change == "kind" {
					continue // only a Rollout waits for one: of another kind it is taken away.
				}
				body := fmt.Sprintf(`[{"op":"replace","path":"/metadata/ownerReferences/0/%s","value":%q}]`, change, to)
				err := w.as(t, user).ArgoprojV1alpha1().RESTClient().Patch(types.JSONPatchType).Namespace(namespace).
					Resource(of.resource).Name(of.name).Body([]byte(body)).Do(t.Context()).Error()
				refused(t, err, http.StatusUnprocessableEntity, "metadata.ownerReferences")
			}
		}
	}
	w.notEnded(t, namespace)
}

// notEnded requires that all that is awaited is there, and was not asked to end.
func (w *world) notEnded(t *testing.T, namespace string) {
	t.Helper()
	own := clientOf(t, w.Config).ArgoprojV1alpha1()
	runs, err := own.AnalysisRuns(namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	experiments, err := own.Experiments(namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	if len(runs.Items) != 2 || len(experiments.Items) != 1 {
		t.Fatalf("%d AnalysisRuns and %d Experiments are left", len(runs.Items), len(experiments.Items))
	}
	for _, run := range runs.Items {
		if run.Spec.Terminate != nil || metav1.GetControllerOf(&run) == nil {
			t.Errorf("AnalysisRun %s was ended, or taken from its owner", run.Name)
		}
	}
	if trial := experiments.Items[0]; trial.Spec.Terminate != nil || metav1.GetControllerOf(&trial) == nil {
		t.Error("the Experiment was ended, or taken from its owner")
	}
}

func othersEnd(t *testing.T, w *world) {
	w.inProduction(t)
	namespace := newNamespace()
	argo := w.as(t, deployer).ArgoprojV1alpha1()
	_, err := argo.AnalysisRuns(namespace).Create(t.Context(), &v1alpha1.AnalysisRun{
		ObjectMeta: metav1.ObjectMeta{Name: "smoke"}, Spec: v1alpha1.AnalysisRunSpec{Metrics: []v1alpha1.Metric{}},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = argo.AnalysisRuns(namespace).Patch(t.Context(), "smoke", types.MergePatchType,
		[]byte(`{"spec":{"terminate":true}}`), metav1.PatchOptions{})
	must(t, err)
	must(t, argo.AnalysisRuns(namespace).Delete(t.Context(), "smoke", metav1.DeleteOptions{}))
	// What changes nothing of it needs no right either.
	_, rollout := w.rollout(t, canarySpec, atWeight)
	w.await(t, rollout)
	_, err = argo.AnalysisRuns(rollout.Namespace).Patch(t.Context(), "smoke", types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"seen":"yes"}}}`), metav1.PatchOptions{})
	must(t, err)
}

func deletedRolloutLetsGo(t *testing.T, w *world) {
	w.inProduction(t)
	namespace, rollout := w.rollout(t, canarySpec, atWeight)
	all := w.await(t, rollout)
	master := clientOf(t, w.Config).ArgoprojV1alpha1()
	foreground := metav1.DeletePropagationForeground
	must(t, master.Rollouts(namespace).Delete(t.Context(), "web", metav1.DeleteOptions{PropagationPolicy: &foreground}))
	for _, of := range all {
		if err := w.endings(t, deployer, namespace, of)["to delete it"](); err != nil {
			t.Errorf("the garbage collector cannot delete %s %s: %v", of.resource, of.name, err)
		}
	}
}

func TestWhatARolloutGoesOnByIsKeptWithoutAdmission(t *testing.T) {
	t.Parallel()
	bare := withoutControllers(t)
	w := &world{apiserver.Start(t, apiserver.Options{Assembly: destined(), Configure: func(o *server.Options) {
		bare(o)
		o.Recommended.Admission.DisablePlugins = admission.Order()
	}})}
	w.Rules.Allow(gateRules()...)
	analysesAreKept(t, w)
}
