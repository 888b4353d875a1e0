// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// destination is a cluster's objects as values.
type destination struct {
	objects []*unstructured.Unstructured
	// broken are kinds that cannot be listed, failed groups that cannot be discovered.
	broken map[string]bool
	failed map[string]error
}

func served() []cluster.Resource {
	var resources []cluster.Resource
	for _, kind := range []string{"Pod", "Service", "PersistentVolumeClaim", "ConfigMap", "Event"} {
		resources = append(resources, resource("", kind, true))
	}
	for _, kind := range []string{"Deployment", "ReplicaSet", "StatefulSet"} {
		resources = append(resources, resource("apps", kind, true))
	}
	return append(resources, resource("batch", "CronJob", true), resource("batch", "Job", true),
		resource("discovery.k8s.io", "EndpointSlice", true), resource("example.com", "Claim", true),
		resource("example.com", "Composite", false), resource("example.com", "Managed", false),
		resource("rbac.authorization.k8s.io", "ClusterRole", false))
}

func resource(group, kind string, namespaced bool) cluster.Resource {
	return cluster.Resource{
		Kind: schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind}, Name: strings.ToLower(kind) + "s",
		Namespaced: namespaced, Watchable: true,
	}
}

func (d *destination) Served(context.Context) ([]cluster.Resource, map[string]error, error) {
	return served(), d.failed, nil
}

func (d *destination) Scan(
	_ context.Context, resource cluster.Resource, namespace string, _ int, each func(*metav1.PartialObjectMetadata),
) (bool, error) {
	if d.broken[resource.Kind.Kind] {
		return false, errors.New("list refused")
	}
	for _, object := range d.objects {
		if object.GroupVersionKind() == resource.Kind && object.GetNamespace() == namespace {
			each(metadataOf(object))
		}
	}
	return false, nil
}

func (d *destination) Metadata(_ context.Context, key manifest.Key) (*metav1.PartialObjectMetadata, error) {
	if d.broken[key.Kind] {
		return nil, errors.New("read refused")
	}
	if object := d.find(key); object != nil {
		return metadataOf(object), nil
	}
	return nil, nil
}

func (d *destination) Get(_ context.Context, key manifest.Key, _ string) (*unstructured.Unstructured, error) {
	if object := d.find(key); object != nil {
		return object, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func (d *destination) find(key manifest.Key) *unstructured.Unstructured {
	i := slices.IndexFunc(d.objects, func(o *unstructured.Unstructured) bool { return keyOf(o) == key })
	if i < 0 {
		return nil
	}
	return d.objects[i]
}

func keyOf(o *unstructured.Unstructured) manifest.Key {
	gvk := o.GroupVersionKind()
	return manifest.Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: o.GetNamespace(), Name: o.GetName()}
}

func metadataOf(o *unstructured.Unstructured) *metav1.PartialObjectMetadata {
	meta := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(), OwnerReferences: o.GetOwnerReferences(),
		Annotations: o.GetAnnotations(), CreationTimestamp: o.GetCreationTimestamp(),
	}}
	meta.SetGroupVersionKind(o.GroupVersionKind())
	return meta
}

// given reads objects: group/Kind namespace/name is the UID of each.
func given(t *testing.T, text string) *destination {
	t.Helper()
	d := &destination{broken: map[string]bool{}, failed: map[string]error{}}
	for document := range strings.SplitSeq(text, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatalf("%v:\n%s", err, document)
		}
		d.objects = append(d.objects, object)
	}
	return d
}

func key(group, kind, namespace, name string) manifest.Key {
	return manifest.Key{Group: group, Kind: kind, Namespace: namespace, Name: name}
}

func roots(keys ...manifest.Key) []tree.Root {
	var list []tree.Root
	for _, k := range keys {
		list = append(list, tree.Root{Key: k, Version: "v1", Health: &health.Health{Status: health.Healthy}})
	}
	return list
}

const shop = `
{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: web, uid: d1,
  annotations: {argocd.argoproj.io/tracking-id: "shop:apps/Deployment:shop/web"}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: shop, name: web-1, uid: r1,
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web-1-a, uid: p1,
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1}]},
  spec: {containers: [{name: c, image: web:1}]}, status: {phase: Pending}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: stranger, uid: p2}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: other, name: claims-to-be-owned, uid: p3,
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: stale-reference, uid: p4,
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r0}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: wrong-name, uid: p5,
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-2, uid: r1}]}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, name: db, uid: s1,
  annotations: {argocd.argoproj.io/tracking-id: "shop:apps/StatefulSet:shop/db"}},
  spec: {volumeClaimTemplates: [{metadata: {name: data}}]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {namespace: shop, name: data-db-0, uid: c1}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {namespace: shop, name: data-db-copy, uid: c2}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: theirs, uid: d2,
  annotations: {argocd.argoproj.io/tracking-id: "other:apps/Deployment:shop/theirs"}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: shop, name: theirs-1, uid: r2,
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: theirs, uid: d2}]}}
---
{apiVersion: example.com/v1, kind: Composite, metadata: {name: x, uid: x1,
  annotations: {argocd.argoproj.io/tracking-id: "shop:example.com/Composite:/x"}}}
---
{apiVersion: example.com/v1, kind: Managed, metadata: {name: x-1, uid: m1,
  ownerReferences: [{apiVersion: example.com/v1, kind: Composite, name: x, uid: x1}]}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r, uid: cr1,
  annotations: {argocd.argoproj.io/tracking-id: "shop:rbac.authorization.k8s.io/ClusterRole:/r"}}}
`

func shopRoots() []tree.Root {
	return roots(key("apps", "Deployment", "shop", "web"), key("apps", "StatefulSet", "shop", "db"),
		key("apps", "Deployment", "shop", "theirs"), key("", "ConfigMap", "shop", "gone"),
		key("example.com", "Composite", "", "x"), key("rbac.authorization.k8s.io", "ClusterRole", "", "r"))
}

// lines tells each node in a line: what it is, its UID, its parents and its health.
func lines(nodes []tree.Node) []string {
	var list []string
	for _, node := range nodes {
		line := node.Kind + " " + node.Name + " " + string(node.UID)
		for _, parent := range node.Parents {
			line += " <" + string(parent.UID)
		}
		if node.Health != nil {
			line += " " + string(node.Health.Status)
		}
		list = append(list, strings.Join(append([]string{line}, node.Images...), " "))
	}
	return list
}

func TestReadFollowsOwnersFromWhatIsTracked(t *testing.T) {
	t.Parallel()
	rules, err := health.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	found, err := tree.Read(t.Context(), given(t, shop), tree.Input{Instance: "shop", Roots: shopRoots(), Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Composite x x1 Healthy",
		"Managed x-1 m1 <x1",
		"ClusterRole r cr1 Healthy",
		"ConfigMap gone  Missing",
		"PersistentVolumeClaim data-db-0 c1 <s1 Unknown",
		"Pod web-1-a p1 <r1 Progressing web:1",
		// The record has it, but another Application tracks it: nothing of it is shown.
		"Deployment theirs  Healthy",
		"Deployment web d1 Healthy",
		"ReplicaSet web-1 r1 <d1 Healthy",
		"StatefulSet db s1 Healthy",
	}
	if diff := cmp.Diff(want, lines(found.Nodes)); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if len(found.Unread) > 0 || len(found.Orphaned) > 0 {
		t.Errorf("unread %v, orphaned %v", found.Unread, found.Orphaned)
	}
	under := lines(found.Under(key("apps", "Deployment", "shop", "web")))
	if len(under) != 3 || !strings.HasPrefix(under[0], "Pod web-1-a") {
		t.Errorf("under the Deployment are %v", under)
	}
	if under := found.Under(key("apps", "Deployment", "shop", "theirs")); len(under) > 0 {
		t.Errorf("under another Application's are %v", lines(under))
	}
}

func TestWhatCannotBeReadIsNamedAndNotAbsent(t *testing.T) {
	t.Parallel()
	from := given(t, shop)
	from.broken["Pod"], from.broken["ConfigMap"] = true, true
	from.failed["broken.example.com"] = errors.New("no answer")
	found, err := tree.Read(t.Context(), from, tree.Input{Instance: "shop", Roots: shopRoots()})
	if err != nil {
		t.Fatal(err)
	}
	gaps := map[string]string{}
	for _, gap := range found.Unread {
		gaps[gap.String()] = gap.Message
	}
	want := map[string]string{"Pod": "list refused", "ConfigMap": "read refused", ".broken.example.com": "no answer"}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if got := lines(found.Nodes); !slices.Contains(got, "ConfigMap gone  Healthy") {
		t.Errorf("what could not be read is not as the record has it: %v", got)
	}
}

func TestOrphansAreWhatNobodyTracksOrOwns(t *testing.T) {
	t.Parallel()
	found, err := tree.Read(t.Context(), given(t, shop), tree.Input{
		Instance: "shop", Roots: shopRoots(), OrphansIn: "shop",
		Orphan: func(k manifest.Key) bool { return k.Kind != "PersistentVolumeClaim" },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Pod stranger p2"}, lines(found.Orphaned)); diff != "" {
		t.Errorf("orphaned (-want +got):\n%s", diff)
	}
}

func TestFindBelievesNobody(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key   manifest.Key
		found bool
	}{
		"a managed object":                          {key("apps", "Deployment", "shop", "web"), true},
		"a grandchild":                              {key("", "Pod", "shop", "web-1-a"), true},
		"what a cluster-scoped object owns":         {key("example.com", "Managed", "", "x-1"), true},
		"an object of nobody":                       {key("", "Pod", "shop", "stranger"), false},
		"an object that another Application tracks": {key("apps", "Deployment", "shop", "theirs"), false},
		"a child of another Application's":          {key("apps", "ReplicaSet", "shop", "theirs-1"), false},
		"a reference into another namespace":        {key("", "Pod", "other", "claims-to-be-owned"), false},
		"a reference to an earlier owner":           {key("", "Pod", "shop", "stale-reference"), false},
		"a reference with a wrong name":             {key("", "Pod", "shop", "wrong-name"), false},
		"what is not there":                         {key("", "Pod", "shop", "nothing"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meta, err := tree.Find(t.Context(), given(t, shop), "shop", test.key)
			if test.found && (err != nil || meta.Name != test.key.Name) {
				t.Errorf("it is not found: %v", err)
			}
			if !test.found && !errors.Is(err, tree.ErrNotFound) {
				t.Errorf("the answer is %v", err)
			}
		})
	}
	t.Run("an owner that cannot be read is no answer", func(t *testing.T) {
		t.Parallel()
		from := given(t, shop)
		from.broken["ReplicaSet"] = true
		_, err := tree.Find(t.Context(), from, "shop", key("", "Pod", "shop", "web-1-a"))
		if err == nil || errors.Is(err, tree.ErrNotFound) {
			t.Errorf("the answer is %v", err)
		}
	})
}

func TestAFailingRuleLeavesHealthUnknown(t *testing.T) {
	t.Parallel()
	rules, err := health.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	pod := given(t, `{apiVersion: v1, kind: Pod, metadata: {name: p}, status: {phase: 7}}`).objects[0]
	if rated := tree.Rate(rules, pod); rated == nil || rated.Status != health.Unknown {
		t.Errorf("it is rated %v", rated)
	}
}
