// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// rolloutOf returns the Rollout shop/web with a strategy that is written as YAML.
func rolloutOf(t *testing.T, canary string) *v1alpha1.Rollout {
	t.Helper()
	rollout := &v1alpha1.Rollout{}
	rollout.Namespace, rollout.Name, rollout.UID = "shop", "web", "uid-of-web"
	rollout.Spec.Strategy = &v1alpha1.RolloutStrategy{Canary: &v1alpha1.CanaryStrategy{}}
	if err := yaml.UnmarshalStrict([]byte(canary), rollout.Spec.Strategy.Canary); err != nil {
		t.Fatal(err)
	}
	return rollout
}

// routerOf returns the only router that a Rollout names.
func routerOf(t *testing.T, rollout *v1alpha1.Rollout) traffic.Router {
	t.Helper()
	routers, err := traffic.Routers(rollout)
	if err != nil {
		t.Fatal(err)
	}
	if len(routers) != 1 {
		t.Fatalf("the Rollout names %d routers, want 1", len(routers))
	}
	return routers[0]
}

// liveOf reads objects as a client would.
func liveOf(t *testing.T, documents string) traffic.Live {
	t.Helper()
	live := traffic.Live{}
	for document := range strings.SplitSeq(documents, "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		text, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			t.Fatal(err)
		}
		live[refOf(object)] = object
	}
	return live
}

func refOf(object *unstructured.Unstructured) traffic.Ref {
	return traffic.Ref{
		GroupKind: object.GroupVersionKind().GroupKind(), Namespace: object.GetNamespace(), Name: object.GetName(),
	}
}

// copied returns objects as they are read again after they were written.
func copied(t *testing.T, live traffic.Live) traffic.Live {
	t.Helper()
	again := traffic.Live{}
	for ref, object := range live {
		text, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		read := &unstructured.Unstructured{}
		if err := read.UnmarshalJSON(text); err != nil {
			t.Fatal(err)
		}
		again[ref] = read
	}
	return again
}

// write returns the objects after changes. A change must name the object that it holds, and say rightly whether it
// is there.
func write(t *testing.T, live traffic.Live, changes []traffic.Change) traffic.Live {
	t.Helper()
	after := maps.Clone(live)
	for _, change := range changes {
		if change.Ref != refOf(change.Object) {
			t.Errorf("a change of %s holds %s", change.Ref, refOf(change.Object))
		}
		if _, there := live[change.Ref]; there == change.Create {
			t.Errorf("the change of %s says create: %v", change.Ref, change.Create)
		}
		after[change.Ref] = change.Object
		if change.Delete {
			delete(after, change.Ref)
		}
	}
	return copied(t, after)
}

// routed returns the objects after the router has routed. It shows on the way that nothing that was handed in is
// changed, and that a second call has nothing to do.
func routed(t *testing.T, router traffic.Router, intent traffic.Intent, live traffic.Live) traffic.Live {
	t.Helper()
	before := copied(t, live)
	changes, err := router.Route(intent, live)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, copied(t, live)); diff != "" {
		t.Errorf("the live objects were changed (-before +after):\n%s", diff)
	}
	after := write(t, live, changes)
	again, err := router.Route(intent, after)
	if err != nil {
		t.Fatal(err)
	}
	if len(again) > 0 {
		t.Errorf("a second call changes:\n%s", cmp.Diff(after, write(t, after, again)))
	}
	return after
}

// split returns an intent that gives the canary a part of a hundred.
func split(canary int32) traffic.Intent {
	return traffic.Intent{
		Canary: traffic.Destination{Service: "canary", Hash: "new", Weight: canary},
		Stable: traffic.Destination{Service: "stable", Hash: "old", Weight: 100 - canary},
		Max:    100,
	}
}

// headed returns an intent with header routes.
func headed(intent traffic.Intent, names ...string) traffic.Intent {
	for _, name := range names {
		intent.Headers = append(intent.Headers, v1alpha1.SetHeaderRoute{Name: name, Match: []v1alpha1.HeaderRoutingMatch{
			{HeaderName: "X-" + name, HeaderValue: &v1alpha1.StringMatch{Exact: "yes"}},
		}})
	}
	return intent
}

// mirrored returns an intent with a mirror route.
func mirrored(intent traffic.Intent, name string, percentage *int32) traffic.Intent {
	intent.Mirrors = append(intent.Mirrors, v1alpha1.SetMirrorRoute{Name: name, Percentage: percentage,
		Match: []v1alpha1.RouteMatch{{
			Method: &v1alpha1.StringMatch{Exact: "GET"}, Path: &v1alpha1.StringMatch{Prefix: "/api"},
		}},
	})
	return intent
}
