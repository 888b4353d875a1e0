// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func actionStories() map[string]story {
	return map[string]story{
		"an action needs a right of its own":             actionRights,
		"an action answers what it wrote, and who asked": actionAnswers,
		"an action with a fault is refused":              actionFaults,
		"actions are listed for one resource":            actionsListed,
		"a health review is answered and never stored":   reviewAnswers,
		"a health review with a fault names the field":   reviewFaults,
	}
}

func (cast) Actions(
	_ context.Context, _ *v1alpha1.Application, resource v1alpha1.ResourceRef,
) (*v1alpha1.ApplicationActions, error) {
	if resource.Name == "theirs" {
		return nil, apierrors.NewNotFound(v1alpha1.Resource("applications/tree"), "theirs")
	}
	return &v1alpha1.ApplicationActions{Items: []v1alpha1.ResourceAction{{Name: "restart " + resource.Kind}}}, nil
}

func (cast) Act(
	_ context.Context, _ *v1alpha1.Application, request *v1alpha1.ApplicationAction, user string, dryRun bool,
) ([]v1alpha1.ImpactedResource, error) {
	operation := user + " patch"
	if dryRun {
		operation = "none"
	}
	return []v1alpha1.ImpactedResource{{ResourceRef: request.Resource, Operation: operation}}, nil
}

func restart() *v1alpha1.ApplicationAction {
	return &v1alpha1.ApplicationAction{
		Resource: v1alpha1.ResourceRef{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}, Action: "restart",
		Status: v1alpha1.ApplicationActionStatus{Impacted: []v1alpha1.ImpactedResource{{Operation: "forged"}}},
	}
}

func actionRights(t *testing.T, _ *world) {
	own := &world{apiserver.Start(t, apiserver.Options{Assembly: assembly(), Configure: withoutControllers(t)})}
	const path = "applications/action"
	own.Rules.Allow(append(rules(),
		apiserver.Rule{User: "creator", Verb: "create", Resource: path},
		apiserver.Rule{User: "runner", Verb: "run", Resource: path},
		apiserver.Rule{User: "both", Verb: "create", Resource: path}, apiserver.Rule{User: "both", Verb: "run", Resource: path},
	)...)
	_, namespace := own.given(t)
	_, err := own.applications(t, "creator", namespace).RunAction(t.Context(), "web", restart(), metav1.CreateOptions{})
	refused(t, err, http.StatusForbidden, "run applications/action", "apps/Deployment/restart")
	_, err = own.applications(t, "runner", namespace).RunAction(t.Context(), "web", restart(), metav1.CreateOptions{})
	refused(t, err, http.StatusForbidden, path)
	_, err = own.applications(t, "both", namespace).RunAction(t.Context(), "web", restart(), metav1.CreateOptions{})
	must(t, err)
}

func actionAnswers(t *testing.T, w *world) {
	apps, _ := w.given(t)
	done, err := apps.RunAction(t.Context(), "web", restart(), metav1.CreateOptions{})
	must(t, err)
	if len(done.Status.Impacted) != 1 || done.Status.Impacted[0].Operation != admin+" patch" {
		t.Errorf("it wrote %+v", done.Status)
	}
	done, err = apps.RunAction(t.Context(), "web", restart(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	must(t, err)
	if done.Status.Impacted[0].Operation != "none" {
		t.Errorf("in a dry run it wrote %+v", done.Status)
	}
}

func actionFaults(t *testing.T, w *world) {
	apps, _ := w.given(t)
	_, err := apps.RunAction(t.Context(), "web", &v1alpha1.ApplicationAction{}, metav1.CreateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "resource.kind", "resource.name", "action")
	_, err = w.applications(t, admin, newNamespace()).RunAction(t.Context(), "web", restart(), metav1.CreateOptions{})
	refused(t, err, http.StatusNotFound, `"web" not found`)
}

func actionsListed(t *testing.T, w *world) {
	apps, _ := w.given(t)
	list, err := apps.ActionsOf(t.Context(), "web", v1alpha1.ApplicationActionsOptions{Kind: "Deployment", Name: "web"})
	must(t, err)
	if len(list.Items) != 1 || list.Items[0].Name != "restart Deployment" {
		t.Errorf("the actions are %+v", list.Items)
	}
	_, err = apps.ActionsOf(t.Context(), "web", v1alpha1.ApplicationActionsOptions{Kind: "Deployment", Name: "theirs"})
	refused(t, err, http.StatusNotFound)
	_, err = apps.ActionsOf(t.Context(), "web", v1alpha1.ApplicationActionsOptions{})
	refused(t, err, http.StatusBadRequest, "resourceKind")
}

func reviewAnswers(t *testing.T, w *world) {
	text, err := os.ReadFile(filepath.Join("..", "..", "artifacts", "examples", "reviews", "healthreview.yaml"))
	must(t, err)
	review := &capstanv1alpha1.HealthReview{}
	must(t, yaml.UnmarshalStrict(text, review))
	reviews := w.as(t, admin).CapstanV1alpha1().HealthReviews()
	answer, err := reviews.Create(t.Context(), review, metav1.CreateOptions{})
	must(t, err)
	if health := answer.Status.Health; health == nil || health.Status != "Progressing" || health.Message != "1 of 2 are ready" ||
		answer.Status.Rule != "spec.rule.cel" {
		t.Errorf("the answer is %+v", answer.Status)
	}
	review.Spec.Rule = nil
	answer, err = reviews.Create(t.Context(), review, metav1.CreateOptions{})
	must(t, err)
	if answer.Status.Health == nil || answer.Status.Rule != "built-in Deployment.apps" {
		t.Errorf("the answer of the rules in force is %+v", answer.Status)
	}
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"password":"hunter2"}}`
	review.Spec = capstanv1alpha1.HealthReviewSpec{
		Object: v1alpha1.JSON{Raw: []byte(secret)}, Rule: &capstanv1alpha1.HealthReviewRule{Lua: "while true do end"},
	}
	answer, err = reviews.Create(t.Context(), review, metav1.CreateOptions{})
	must(t, err)
	if strings.Contains(string(answer.Spec.Object.Raw), "hunter2") {
		t.Error("the answer shows a Secret")
	}
	if health := answer.Status.Health; health == nil || health.Status != "Unknown" || !strings.Contains(health.Message, "limit") {
		t.Errorf("a rule that never ends rates %+v", health)
	}
	err = w.as(t, admin).CapstanV1alpha1().RESTClient().Get().Resource("healthreviews").Do(t.Context()).Error()
	refused(t, err, http.StatusMethodNotAllowed)
	_, err = w.as(t, reader).CapstanV1alpha1().HealthReviews().Create(t.Context(), review, metav1.CreateOptions{})
	refused(t, err, http.StatusForbidden, "healthreviews")
}

func reviewFaults(t *testing.T, w *world) {
	pod := v1alpha1.JSON{Raw: []byte(`{"apiVersion":"v1","kind":"Pod"}`)}
	for name, test := range map[string]struct {
		spec capstanv1alpha1.HealthReviewSpec
		says string
	}{
		"no kind":   {capstanv1alpha1.HealthReviewSpec{Object: v1alpha1.JSON{Raw: []byte(`{"a":1}`)}}, "spec.object"},
		"two rules": {capstanv1alpha1.HealthReviewSpec{Object: pod, Rule: &capstanv1alpha1.HealthReviewRule{Lua: "a", CEL: "b"}}, "spec.rule"},
		"bad CEL":   {capstanv1alpha1.HealthReviewSpec{Object: pod, Rule: &capstanv1alpha1.HealthReviewRule{CEL: "object.("}}, "spec.rule"},
		"bad Lua":   {capstanv1alpha1.HealthReviewSpec{Object: pod, Rule: &capstanv1alpha1.HealthReviewRule{Lua: "return {"}}, "spec.rule"},
	} {
		_, err := w.as(t, admin).CapstanV1alpha1().HealthReviews().Create(t.Context(),
			&capstanv1alpha1.HealthReview{Spec: test.spec}, metav1.CreateOptions{})
		if err == nil {
			t.Errorf("%s is accepted", name)
			continue
		}
		t.Run(name, func(t *testing.T) { refused(t, err, http.StatusUnprocessableEntity, test.says) })
	}
}
