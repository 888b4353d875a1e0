// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const three = "in-cluster-guestbook production-guestbook staging-guestbook"

func TestReconcile(t *testing.T) {
	t.Parallel()
	t.Run("makes one Application for every cluster, and then rests", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "production", "staging")
		w.apply(guestbook)
		want := []string{
			"create applications", "create applications", "create applications",
			"update applicationsets", "update applicationsets/status",
		}
		if diff := cmp.Diff(want, w.pass()); diff != "" {
			t.Error(diff)
		}
		if got := w.names(); got != three {
			t.Errorf("made %s", got)
		}
		w.clock.Step(time.Hour)
		for range 3 {
			if requests := w.pass(); len(requests) > 0 {
				t.Fatalf("a pass that finds nothing new makes requests: %q", requests)
			}
		}
		status := w.set().Status
		if status.ResourcesCount != 3 || status.Health.Status != v1alpha1.HealthStatusHealthy {
			t.Errorf("status %+v", status)
		}
		if got := w.condition(v1alpha1.ApplicationSetConditionResourcesUpToDate); got != "True ApplicationSetUpToDate" {
			t.Error(got)
		}
	})
	t.Run("follows clusters that come and go", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "staging")
		w.apply(guestbook)
		w.pass()
		w.register("production")
		w.pass()
		if got := w.names(); got != three {
			t.Errorf("made %s", got)
		}
		if err := w.Clusters.Remove(t.Context(), "https://production.example", "production"); err != nil {
			t.Fatal(err)
		}
		want := []string{"delete applications", "update applications"}
		if diff := cmp.Diff(want, w.pass()); diff != "" {
			t.Errorf("the finalizer goes first, as nothing can be deleted there any more: %s", diff)
		}
		if got := w.names(); got != "in-cluster-guestbook staging-guestbook" {
			t.Errorf("left %s", got)
		}
	})
	t.Run("serves no other namespace than the control plane's", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Namespace = "elsewhere"
		w.apply(guestbook)
		if diff := cmp.Diff([]string{"update applicationsets/status"}, w.pass()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("does nothing before the destinations are read", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.ready = false
		w.apply(guestbook)
		if requests := w.pass(); len(requests) > 0 {
			t.Errorf("made %q", requests)
		}
	})
	t.Run("reverts an edit with one write and keeps the operation", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.apply(guestbook)
		w.pass()
		apps := w.client.ArgoprojV1alpha1().Applications("argocd")
		app, err := apps.Get(t.Context(), "in-cluster-guestbook", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		app.Spec.Source.Path, app.Operation = "elsewhere", &v1alpha1.Operation{}
		if _, err = apps.Update(t.Context(), app, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"update applications"}, w.pass()); diff != "" {
			t.Error(diff)
		}
		if app, err = apps.Get(t.Context(), app.Name, metav1.GetOptions{}); err != nil || app.Operation == nil ||
			app.Spec.Source.Path != "apps/guestbook/overlays/in-cluster" {
			t.Error(app, err)
		}
	})
	t.Run("takes off the annotation that asked for a pass", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.apply(guestbook)
		w.pass()
		set := w.set()
		set.Annotations = map[string]string{v1alpha1.AnnotationKeyApplicationSetRefresh: "true"}
		w.put(set)
		if diff := cmp.Diff([]string{"patch applicationsets"}, w.pass()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFaultsDeleteNothing(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct{ old, new, reason, parameters string }{
		"a generator that is not served": {
			"- clusters: {}", "- git: {repoURL: r}",
			"True ApplicationGenerationFromParamsError", "False ErrorOccurred"},
		"no generator": {
			"generators:\n  - clusters: {}", "generators: []",
			"True ApplicationGenerationFromParamsError", "False ErrorOccurred"},
		"a template that fails": {
			"spec:\n  generators", "spec:\n  goTemplate: true\n  templatePatch: '{{ fail \"x\" }}'\n  generators",
			"True RenderTemplateParamsError", "True ParametersGenerated"},
		"a name that is not unique": {"'{{name}}-guestbook'", "guestbook", "True ApplicationValidationError",
			"True ParametersGenerated"},
		"another namespace": {"{name: '{{name}}-guestbook'}", "{name: x, namespace: kube-system}",
			"True ApplicationValidationError", "True ParametersGenerated"},
		"a rolling sync": {"spec:\n  generators", "spec:\n  strategy: {type: RollingSync}\n  generators",
			"True ApplicationValidationError", "False ErrorOccurred"},
		"jq expressions": {"spec:\n  generators",
			"spec:\n  ignoreApplicationDifferences: [{jqPathExpressions: [.spec]}]\n  generators",
			"True ApplicationValidationError", "False ErrorOccurred"},
		"an unknown policy": {"spec:\n  generators", "spec:\n  syncPolicy: {applicationsSync: all}\n  generators",
			"True ApplicationValidationError", "False ErrorOccurred"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "production", "staging")
			w.apply(guestbook)
			w.pass()
			broken := strings.Replace(guestbook, test.old, test.new, 1)
			if broken == guestbook {
				t.Fatal("the set is not broken")
			}
			w.apply(broken)
			w.pass()
			if got := w.names(); got != three {
				t.Errorf("left %s", got)
			}
			if got := w.condition(v1alpha1.ApplicationSetConditionErrorOccurred); got != test.reason {
				t.Error(got)
			}
			if got := w.condition(v1alpha1.ApplicationSetConditionParametersGenerated); got != test.parameters {
				t.Error(got)
			}
			if requests := w.pass(); len(requests) > 0 {
				t.Errorf("a second pass makes %q", requests)
			}
		})
	}
}

func TestOwnership(t *testing.T) {
	t.Parallel()
	foreign := func() *v1alpha1.Application {
		app := newApp("in-cluster-guestbook", "theirs")
		app.UID = "foreign"
		return app
	}
	for sentence, seen := range map[string]bool{
		"an Application of another is left as it is":                          true,
		"an Application of another that the watch did not tell of is as well": false,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.apply(guestbook)
			w.put(foreign())
			w.watch()
			if !seen {
				if err := w.Applications.Replace(nil, ""); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.visit(t.Context(), guestbookKey()); err != nil {
				t.Log(err)
			}
			app, err := w.client.ArgoprojV1alpha1().Applications("argocd").Get(t.Context(), foreign().Name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(foreign().Spec, app.Spec); diff != "" || len(app.OwnerReferences) > 0 {
				t.Error(diff, app.OwnerReferences)
			}
			if got := w.condition(v1alpha1.ApplicationSetConditionErrorOccurred); got != "True ApplicationValidationError" {
				t.Error(got)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		policy     string
		finalizers []string
		want       []string
		left       string
	}{
		"deletes the Applications and then lets the set go": {
			want: []string{"delete applications", "delete applications", "list applications", "update applicationsets"},
		},
		"takes the finalizers off first where their objects stay": {
			policy: "preserveResourcesOnDeletion: true",
			want: []string{"delete applications", "delete applications", "list applications",
				"update applications", "update applications", "update applicationsets"},
		},
		"lets the Applications go where the policy deletes nothing": {
			policy: "applicationsSync: create-update",
			want:   []string{"list applications", "update applications", "update applications", "update applicationsets"},
			left:   "in-cluster-guestbook staging-guestbook",
		},
		"lets the Applications go where the deletion orphans": {
			finalizers: []string{metav1.FinalizerOrphanDependents},
			want:       []string{"list applications", "update applications", "update applications", "update applicationsets"},
			left:       "in-cluster-guestbook staging-guestbook",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "staging")
			w.apply(guestbook)
			w.pass()
			set := w.set()
			set.DeletionTimestamp = ptr.To(metav1.NewTime(w.clock.Now()))
			set.Finalizers = append(set.Finalizers, test.finalizers...)
			set.Spec.SyncPolicy = policyOf(t, test.policy)
			w.put(set)
			if diff := cmp.Diff(test.want, w.pass()); diff != "" {
				t.Error(diff)
			}
			if got := w.names(); got != test.left {
				t.Errorf("left %q, want %q", got, test.left)
			}
		})
	}
	t.Run("keeps the set while its Applications cannot be read or deleted", func(t *testing.T) {
		t.Parallel()
		for _, verb := range []string{"list", "delete"} {
			w := newWorld(t)
			w.apply(guestbook)
			w.pass()
			set := w.set()
			set.DeletionTimestamp = ptr.To(metav1.NewTime(w.clock.Now()))
			w.put(set)
			w.watch()
			w.client.PrependReactor(verb, "applications", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewServiceUnavailable("no store")
			})
			if _, err := w.visit(t.Context(), guestbookKey()); err == nil {
				t.Errorf("%s: no error", verb)
			}
			if len(w.set().Finalizers) == 0 {
				t.Errorf("%s: the set was let go", verb)
			}
		}
	})
}

func TestWhoWroteASetIsNotedBeforeItsApplicationsAreDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(guestbook)
	w.pass()
	set := w.set()
	set.DeletionTimestamp = ptr.To(metav1.NewTime(w.clock.Now()))
	set.Status.Editors = []v1alpha1.SpecEditor{{Username: "ann", At: metav1.NewTime(w.clock.Now())}}
	w.put(set)
	w.watch()
	var noted []v1alpha1.SpecEditor
	w.client.PrependReactor("update", "applications", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if app, is := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Application); is {
			noted = app.Status.Editors
		}
		return false, nil, nil
	})
	w.client.PrependReactor("delete", "applications", func(clienttesting.Action) (bool, runtime.Object, error) {
		if len(noted) != 1 || noted[0].Username != "ann" {
			t.Errorf("before the deletion the editors are %v, want ann", noted)
		}
		return false, nil, nil
	})
	if _, err := w.visit(t.Context(), guestbookKey()); err != nil {
		t.Error(err)
	}
	if left := w.names(); left != "" {
		t.Errorf("left %q", left)
	}
}

func TestFailedWritesDeleteNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "staging")
	w.apply(guestbook)
	w.pass()
	w.apply(strings.Replace(guestbook, "{{name}}-guestbook", "{{name}}-other", 1))
	w.client.PrependReactor("create", "applications", func(action clienttesting.Action) (bool, runtime.Object, error) {
		create, isCreate := action.(clienttesting.CreateAction)
		if !isCreate {
			return false, nil, nil
		}
		app, isApp := create.GetObject().(*v1alpha1.Application)
		return isApp && app.Name == "staging-other", nil, apierrors.NewServiceUnavailable("no store")
	})
	w.pass()
	if got := w.names(); got != "in-cluster-guestbook in-cluster-other staging-guestbook" {
		t.Errorf("left %s", got)
	}
	if got := w.condition(v1alpha1.ApplicationSetConditionErrorOccurred); got != "True CreateApplicationError" {
		t.Error(got)
	}
}

func TestAClusterSecretThatCannotBeReadDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "production", "staging")
	w.apply(guestbook)
	w.pass()
	if err := w.Clusters.Remove(t.Context(), "https://staging.example", "staging"); err != nil {
		t.Fatal(err)
	}
	w.Unread = func() map[string]error { return map[string]error{"staging": errors.New("config is no JSON")} }
	w.pass()
	if got := w.names(); got != three {
		t.Errorf("left %s", got)
	}
	want := "True ApplicationGenerationFromParamsError"
	if got := w.condition(v1alpha1.ApplicationSetConditionErrorOccurred); got != want {
		t.Errorf("the condition says %q, want %q", got, want)
	}
}
