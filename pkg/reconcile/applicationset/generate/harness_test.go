// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

// destinations are the hosting cluster and two that Secrets registered.
func destinations() []cluster.Destination {
	return []cluster.Destination{
		{Name: "production", Server: "https://production.example", Secret: "production", Project: "web",
			Labels: map[string]string{"env": "prod", "region": "eu"}, Annotations: map[string]string{
				"example.com/owner": "team-a", "kubectl.kubernetes.io/last-applied-configuration": "{secret}",
			}},
		{Name: "in-cluster", Server: cluster.InClusterServer},
		{Name: "Staging_1", Server: "https://staging.example", Secret: "staging", Labels: map[string]string{"env": "test"}},
	}
}

// setOf reads the spec of an ApplicationSet.
func setOf(t testing.TB, spec string) *v1alpha1.ApplicationSet {
	t.Helper()
	set := &v1alpha1.ApplicationSet{}
	set.Name, set.Namespace, set.UID = "guestbook", "argocd", "set-uid"
	if err := yaml.UnmarshalStrict([]byte(spec), &set.Spec); err != nil {
		t.Fatal(err)
	}
	return set
}

// shown prints what was made as YAML documents.
func shown(t testing.TB, out generate.Output) string {
	t.Helper()
	var documents []string
	for _, made := range out.Applications {
		text, err := yaml.Marshal(map[string]any{"metadata": metadata(made.Application), "spec": made.Application.Spec})
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(text))
	}
	return strings.Join(documents, "---\n")
}

func metadata(app *v1alpha1.Application) map[string]any {
	shown := map[string]any{"name": app.Name}
	for name, values := range map[string]map[string]string{"labels": app.Labels, "annotations": app.Annotations} {
		if len(values) > 0 {
			shown[name] = values
		}
	}
	if len(app.Finalizers) > 0 {
		shown["finalizers"] = app.Finalizers
	}
	return shown
}

// canonical brings hand-written YAML documents into the form of shown.
func canonical(t testing.TB, text string) string {
	t.Helper()
	var documents []string
	for _, document := range strings.Split(strings.TrimSpace(text), "\n---\n") {
		var value any
		if err := yaml.Unmarshal([]byte(document), &value); err != nil {
			t.Fatal(err)
		}
		printed, err := yaml.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(printed))
	}
	return strings.Join(documents, "---\n")
}
