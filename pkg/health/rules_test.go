// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/health"
)

// rated is an object as a user sees it, and how it must be rated.
type rated struct {
	object string
	want   health.Health
}

func newRules(t testing.TB) *health.Rules {
	t.Helper()
	rules, err := health.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// decode reads YAML as an object that came from a cluster.
func decode(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return object
}

func runRated(t *testing.T, cases map[string]rated) {
	t.Helper()
	rules := newRules(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := rules.Assess(decode(t, c.object))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("health differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	rules := newRules(t)
	for name, c := range map[string]struct {
		group, kind string
		want        bool
	}{
		"a built-in kind has a rule":                     {"apps", "Deployment", true},
		"a kind of the core group has a rule":            {"", "Pod", true},
		"a kind with a script has a rule":                {"batch", "CronJob", true},
		"a kind whose group matches a pattern":           {"sql.cnrm.cloud.google.com", "SQLInstance", true},
		"a kind that only the newest Argo CD knows":      {"s3.services.k8s.aws", "Bucket", true},
		"an Application has none, as in Argo CD":         {"argoproj.io", "Application", false},
		"a ConfigMap has none":                           {"", "ConfigMap", false},
		"a pattern does not reach across a slash":        {"a/b.cnrm.cloud.google.com", "SQLInstance", false},
		"a kind with actions but no health has none":     {"", "Deployment", false},
		"a hostile kind that looks like a path has none": {"..", "../batch/CronJob", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := rules.Has(schema.GroupKind{Group: c.group, Kind: c.kind}); got != c.want {
				t.Errorf("Has(%s/%s) = %t, want %t", c.group, c.kind, got, c.want)
			}
		})
	}
}

func TestAssessOfUnknownKind(t *testing.T) {
	t.Parallel()
	got, err := newRules(t).Assess(decode(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"))
	if err != nil || got != nil {
		t.Errorf("Assess = %v, %v; want no health and no error", got, err)
	}
}

func TestAssessFails(t *testing.T) {
	t.Parallel()
	rules := newRules(t)
	for name, c := range map[string]struct{ object, want string }{
		"on text in place of a number": {
			"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: many}}",
			"field spec.replicas is string, not a whole number",
		},
		"on a fraction of a replica": {
			"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a}, spec: {replicas: 1.5}}",
			"field spec.replicas is float64, not a whole number",
		},
		"on a status that is a list": {
			"{apiVersion: v1, kind: Pod, metadata: {name: a}, status: []}",
			"field status is []interface {}, not an object",
		},
		"on conditions that are not objects": {
			"{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {conditions: [Complete]}}",
			"field status.conditions is string, not a list of objects",
		},
		"on a version that the rule cannot read": {
			"{apiVersion: apps/v1beta1, kind: Deployment, metadata: {namespace: team, name: a}}",
			`Deployment.apps team/a: version "v1beta1" is not supported`,
		},
		"on a broken conditions annotation": {
			"{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {annotations: " +
				"{autoscaling.alpha.kubernetes.io/conditions: '{'}}}",
			"annotation autoscaling.alpha.kubernetes.io/conditions is not a list of conditions",
		},
		"when a script indexes text as a table": {
			"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {suspend: false}, status: 7}",
			"the script failed: batch/CronJob:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := rules.Assess(decode(t, c.object))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Assess = %v, error %v; want an error with %q", got, err, c.want)
			}
			if got != nil {
				t.Errorf("Assess guessed %v", got)
			}
		})
	}
	if _, err := rules.Assess(nil); err == nil {
		t.Error("Assess(nil) returned no error")
	}
}

func TestAssessLeavesTheObjectAlone(t *testing.T) {
	t.Parallel()
	rules := newRules(t)
	for _, text := range []string{deployment, cronJob} {
		object := decode(t, text)
		before := object.DeepCopy()
		if _, err := rules.Assess(object); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, object); diff != "" {
			t.Errorf("Assess changed its object (-before +after):\n%s", diff)
		}
	}
}

func TestPendingDeletion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		metadata string
		want     *health.Health
	}{
		"an object that stays has no say": {"{name: a}", nil},
		"an object that is deleted is progressing": {
			`{name: a, deletionTimestamp: "2024-01-01T00:00:00Z"}`,
			&health.Health{Status: health.Progressing, Message: "Pending deletion"},
		},
		"a hook that its sync still holds is rated by its rule": {
			`{name: a, deletionTimestamp: "2024-01-01T00:00:00Z", finalizers: [argocd.argoproj.io/hook-finalizer]}`, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := decode(t, "{apiVersion: v1, kind: Pod, metadata: "+c.metadata+"}")
			if diff := cmp.Diff(c.want, health.PendingDeletion(object)); diff != "" {
				t.Errorf("health differs (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzAssess gives every rule objects of any shape: a rule may fail, never panic, and what it
// returns is one of the six statuses.
func FuzzAssess(f *testing.F) {
	kinds := []schema.GroupVersionKind{
		{Group: "apps", Version: "v1", Kind: "Deployment"}, {Group: "apps", Version: "v1", Kind: "StatefulSet"},
		{Group: "apps", Version: "v1", Kind: "DaemonSet"}, {Group: "apps", Version: "v1", Kind: "ReplicaSet"},
		{Version: "v1", Kind: "Pod"}, {Version: "v1", Kind: "Service"},
		{Version: "v1", Kind: "PersistentVolumeClaim"}, {Group: "batch", Version: "v1", Kind: "Job"},
		{Group: "batch", Version: "v1", Kind: "CronJob"}, {Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout"},
		{Group: "autoscaling", Version: "v1", Kind: "HorizontalPodAutoscaler"},
		{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"},
		{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"},
		{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"},
		{Group: "argoproj.io", Version: "v1alpha1", Kind: "Workflow"},
		{Group: "controlplane.cluster.x-k8s.io", Version: "v1", Kind: "AWSManagedControlPlane"},
		{Group: "microgateway.airlock.com", Version: "v1", Kind: "AccessControlPolicy"},
		{Group: "work.karmada.io", Version: "v1", Kind: "ResourceBinding"},
		{Group: "s3.services.k8s.aws", Version: "v1", Kind: "Bucket"},
	}
	for i := range kinds {
		f.Add(i, `{"spec":{"replicas":1},"status":{"conditions":[{"type":"Ready","status":"True"}],"ancestors":[{}]}}`)
		f.Add(i, `{"metadata":{"annotations":{"a":1},"generation":"x"},"spec":[],"status":{"conditions":{"a":null}}}`)
		f.Add(i, `{"status":{"containerStatuses":[{"state":{"waiting":7}}],"phase":"Failed","loadBalancer":true}}`)
	}
	rules := newRules(f)
	f.Fuzz(func(t *testing.T, kind int, text string) {
		var object map[string]any
		if json.Unmarshal([]byte(text), &object) != nil || object == nil {
			return
		}
		gvk := kinds[((kind%len(kinds))+len(kinds))%len(kinds)]
		hostile := &unstructured.Unstructured{Object: object}
		hostile.SetGroupVersionKind(gvk)
		got, err := rules.Assess(hostile)
		if err != nil || got == nil {
			return
		}
		switch got.Status {
		case health.Healthy, health.Suspended, health.Progressing, health.Missing, health.Degraded, health.Unknown:
		default:
			t.Errorf("status %q is none of the six", got.Status)
		}
	})
}
