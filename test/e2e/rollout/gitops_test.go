// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// kept is a story of a Rollout that an Application with self-heal deploys from Git.
type kept struct {
	*story
	repo *gitserver.Repository
}

func beginGit(t *testing.T, namespace string, files map[string]string) *kept {
	t.Helper()
	s := &kept{story: begin(t, namespace)}
	repo, err := stage.Git.Create(s.Context(), namespace, files)
	s.OK(err)
	s.repo = repo
	s.apply(fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: %s, namespace: argocd,
  finalizers: [resources-finalizer.argocd.argoproj.io]}, spec: {project: default,
  source: {repoURL: %q, path: app, targetRevision: HEAD}, destination: {name: in-cluster, namespace: %[1]s},
  syncPolicy: {automated: {prune: true, selfHeal: true}}}}
`, namespace, repo.URL()))
	return s
}

func (s *kept) push(files map[string]string) {
	s.Helper()
	_, err := s.repo.Push(s.Context(), gitserver.Commit{Files: files})
	s.OK(err)
}

// app waits until fields of the Application are such.
func (s *kept) app(jsonpath string, want func(string) bool) {
	s.Helper()
	s.Until(s.hub, want, "get", "application", s.namespace, "-n", "argocd", "-o", "jsonpath="+jsonpath)
}

func (s *kept) synced(health string) {
	s.Helper()
	s.app("{.status.sync.status}/{.status.health.status}", plane.Prints("Synced/"+health))
}

// heals is how many syncs there were that undid drift.
func (s *kept) heals() int {
	s.Helper()
	runs := s.Kubectl(s.hub, "get", "syncruns", "-n", "argocd", "-o",
		`jsonpath={range .items[*]}{.spec.application.name}/{.spec.trigger} {end}`)
	return strings.Count(runs, s.namespace+"/SelfHeal")
}

// watch collects the values that a field of an object takes until stop is called.
func (s *kept) watch(resource schema.GroupVersionResource, name string, field func(*unstructured.Unstructured) string) (stop func() []string) {
	s.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", stage.Plane.Clusters[world.Hub].Kubeconfig)
	s.OK(err)
	client, err := dynamic.NewForConfig(config)
	s.OK(err)
	watching, err := client.Resource(resource).Namespace(s.namespace).Watch(s.Context(),
		metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	s.OK(err)
	values := make(chan []string, 1)
	go func() {
		var seen []string
		for event := range watching.ResultChan() {
			if object, is := event.Object.(*unstructured.Unstructured); is {
				seen = append(seen, field(object))
			}
		}
		values <- seen
	}()
	return func() []string { watching.Stop(); return <-values }
}

const virtualService = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http: [{timeout: 5s, route: [{destination: {host: stable}, weight: 100}, {destination: {host: canary}, weight: 0}]}]
`

func canaryWeight(object *unstructured.Unstructured) string {
	http, _, _ := unstructured.NestedSlice(object.Object, "spec", "http")
	for _, route := range http {
		fields, _ := route.(map[string]any)
		destinations, _, _ := unstructured.NestedSlice(fields, "route")
		if len(destinations) == 2 {
			canary, _ := destinations[1].(map[string]any)
			return fmt.Sprint(canary["weight"])
		}
	}
	return "none"
}

func selectedHash(object *unstructured.Unstructured) string {
	hash, _, _ := unstructured.NestedString(object.Object, "spec", "selector", "rollouts-pod-template-hash")
	return hash
}

// What the controller of Rollouts drives of an Application's objects is no drift, and no sync sets it back; what
// anybody else changes of them is.
func TestACanaryIsNoDrift(t *testing.T) {
	t.Parallel()
	strategy := "canary: {canaryService: canary, stableService: stable, scaleDownDelaySeconds: 1,\n" +
		"  trafficRouting: {istio: {virtualService: {name: web}}}, steps: [{setWeight: 20}, {pause: {}}]}"
	s := &kept{story: &story{namespace: "kept"}}
	installRoutes(&begin(t, "kept-routes").Steps)
	s = beginGit(t, "kept", map[string]string{
		"app/rollout.yaml":  s.rollout("v1", 5, strategy),
		"app/services.yaml": s.service("stable") + s.service("canary"), "app/route.yaml": virtualService,
	})
	s.synced("Healthy")
	s.at("Healthy", 2)

	s.push(map[string]string{"app/rollout.yaml": s.rollout("v2", 5, strategy)})
	s.at("Paused", 1)
	s.synced("Suspended")
	weights := s.watch(schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"},
		"web", canaryWeight)
	hashes := s.watch(schema.GroupVersionResource{Version: "v1", Resource: "services"}, "canary", selectedHash)

	// A sync in the middle of the canary writes what Git changes, and leaves the split.
	s.push(map[string]string{
		"app/route.yaml":    strings.Replace(virtualService, "5s", "9s", 1),
		"app/services.yaml": s.service("stable") + strings.Replace(s.service("canary"), "{app: guestbook}", "{app: guestbook}, type: NodePort", 1),
	})
	timeout := func(want string) {
		t.Helper()
		s.Until(s.hub, plane.Prints(want), "get", "virtualservice", "web", "-n", s.namespace, "-o", "jsonpath={.spec.http[0].timeout}")
	}
	timeout("9s")
	s.Until(s.hub, plane.Prints("NodePort"), "get", "service", "canary", "-n", s.namespace, "-o", "jsonpath={.spec.type}")
	s.synced("Suspended")
	if heals := s.heals(); heals != 0 {
		t.Errorf("%d syncs took the canary for drift", heals)
	}

	// By hand: another field of a list that the controller drives is healed around the split.
	s.Kubectl(s.hub, "patch", "virtualservice", "web", "-n", s.namespace, "--type=json", "-p",
		`[{"op":"replace","path":"/spec/http/0/timeout","value":"1s"}]`)
	timeout("9s")
	s.synced("Suspended")
	for what, stop := range map[string]func() []string{"weight": weights, "hash": hashes} {
		seen := stop()
		for _, value := range seen {
			if value != seen[0] || value == "" {
				t.Errorf("the %s of the canary was set back: %v", what, seen)
			}
		}
	}

	// By hand: the split itself is drift, and is what the step says again.
	s.Kubectl(s.hub, "patch", "virtualservice", "web", "-n", s.namespace, "--type=json", "-p",
		`[{"op":"replace","path":"/spec/http/0/route/0/weight","value":1},{"op":"replace","path":"/spec/http/0/route/1/weight","value":99}]`)
	s.Until(s.hub, plane.Prints("80/20"), "get", "virtualservice", "web", "-n", s.namespace, "-o",
		"jsonpath={.spec.http[0].route[0].weight}/{.spec.http[0].route[1].weight}")
	s.synced("Suspended")

	s.patch(`{"pauseConditions":null}`)
	s.at("Healthy", 2)
	s.synced("Healthy")
	before := s.heals()
	time.Sleep(3 * time.Second) // Long enough for a self-heal that should not be.
	s.synced("Healthy")
	if after := s.heals(); after != before {
		t.Errorf("%d syncs took the end of the canary for drift", after-before)
	}
	s.Kubectl(s.hub, "delete", "application", s.namespace, "-n", "argocd", "--timeout", "90s")
}

// Who goes back by rollouts/undo is named by the Application, which lets the template be until Git wants something else.
func TestAnUndoHoldsUntilTheNextCommit(t *testing.T) {
	strategy := "canary: {steps: [{setWeight: 50}]}"
	s := &kept{story: &story{namespace: "undone"}}
	file := func(version string, replicas int) map[string]string {
		return map[string]string{"app/rollout.yaml": s.rollout(version, replicas, strategy)}
	}
	s = beginGit(t, "undone", file("v1", 2))
	s.synced("Healthy")
	s.push(file("v2", 2))
	s.pods("v2", 2)
	s.synced("Healthy")

	s.undo()
	s.pods("v1", 2)
	s.app("{.status.sync.status}", plane.Prints("OutOfSync"))
	s.app("{.status.conditions[?(@.type=='RolledBackWarning')].message}", func(out string) bool {
		return strings.Contains(out, "admin went back to revision 1 at ")
	})
	s.Kubectl(s.hub, "scale", "rollout", "guestbook", "-n", s.namespace, "--replicas=5")
	s.until("{.spec.replicas}", "2") // All else is healed.
	s.until("{.spec.template.spec.containers[0].image}", "example.com/guestbook:v1")
	s.OK(stage.Capstan.Kill())
	s.OK(stage.Capstan.Start(s.Context()))
	s.push(map[string]string{"app/config.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}"})
	s.Until(s.hub, plane.Prints("configmap/other"), "get", "configmap", "other", "-n", s.namespace, "--ignore-not-found", "-o", "name")
	s.until("{.spec.template.spec.containers[0].image}", "example.com/guestbook:v1")

	s.push(file("v3", 2))
	s.pods("v3", 2)
	s.synced("Healthy")
	s.app("{.status.conditions}", func(out string) bool { return !strings.Contains(out, "RolledBack") })

	s.undo()
	s.app("{.status.conditions}", func(out string) bool { return strings.Contains(out, "RolledBack") })
	s.Kubectl(s.hub, "patch", "application", s.namespace, "-n", "argocd", "--type=merge", "-p", `{"operation":{"sync":{}}}`)
	s.pods("v3", 2)
	s.synced("Healthy")

	s.Kubectl(s.hub, "patch", "rollout", "guestbook", "-n", s.namespace, "--type=json", "-p",
		`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"example.com/guestbook:v1"}]`)
	s.until("{.spec.template.spec.containers[0].image}", "example.com/guestbook:v3") // As any edit by hand.
	s.Kubectl(s.hub, "delete", "application", s.namespace, "-n", "argocd", "--timeout", "90s")
}

// undo goes back to the revision before.
func (s *kept) undo() {
	s.Helper()
	_, err := s.hub.Input(s.Context(), "{}", "create", "--raw",
		"/apis/argoproj.io/v1alpha1/namespaces/"+s.namespace+"/rollouts/guestbook/undo", "-f", "-")
	s.OK(err)
}
