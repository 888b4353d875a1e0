// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	clientrest "k8s.io/client-go/rest"
	"k8s.io/kube-openapi/pkg/spec3"

	"github.com/capstan-dev/capstan/pkg/server"
	harness "github.com/capstan-dev/capstan/test/harness/apiserver"
)

const (
	projects = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
	rollouts = "/apis/argoproj.io/v1alpha1/namespaces/argocd/rollouts"

	projectBody = `{"apiVersion":"argoproj.io/v1alpha1","kind":"AppProject","metadata":{"name":"p"},"spec":{}}`
	rolloutBody = `{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","metadata":{"name":"r"},"spec":{"replicas":1,` +
		`"selector":{"matchLabels":{"a":"b"}},"strategy":{"canary":{}},"template":{"metadata":{"labels":{"a":"b"}},` +
		`"spec":{"containers":[{"name":"c","image":"i"}]}}}}`
)

func withSerializer(config *clientrest.Config) *clientrest.Config {
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return config
}

func create(t *testing.T, c clientrest.Interface, path, body string) {
	t.Helper()
	if err := c.Post().AbsPath(path).Body([]byte(body)).Do(t.Context()).Error(); err != nil {
		t.Fatalf("create under %s: %v", path, err)
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := client(t, s.Config)

	t.Run("is ready, by checks of its own store alone", func(t *testing.T) {
		t.Parallel()
		body, err := c.Get().AbsPath("/readyz").Param("verbose", "").DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), "[+]etcd ok") || !strings.Contains(string(body), "[+]poststarthook/capstan ok") {
			t.Errorf("checks of /readyz:\n%s", body)
		}
	})
	t.Run("lists its groups and resources in discovery", func(t *testing.T) {
		t.Parallel()
		_, lists, err := discovery.NewDiscoveryClientForConfigOrDie(s.Config).ServerGroupsAndResources()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, list := range lists {
			for _, resource := range list.APIResources {
				got[list.GroupVersion] = append(got[list.GroupVersion], resource.Name)
			}
		}
		want := map[string][]string{
			"argoproj.io/v1alpha1": {"appprojects", "rollouts", "rollouts/scale", "rollouts/status"},
			"capstan.dev/v1alpha1": {"clusters", "clusters/status"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("resources (-want +got):\n%s", diff)
		}
	})
	t.Run("serves its own metrics beside those of the process", func(t *testing.T) {
		t.Parallel()
		body, err := c.Get().AbsPath("/metrics").DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), "apiserver_request_total") {
			t.Error("/metrics lacks apiserver_request_total")
		}
	})
}

func TestWireFormat(t *testing.T) {
	t.Parallel()
	c := client(t, start(t).Config)
	create(t, c, projects, projectBody)
	cases := map[string]struct {
		accept string
		code   int
	}{
		"JSON is served": {"application/json", http.StatusOK},
		"YAML is served": {"application/yaml", http.StatusOK},
		"a client that prefers protobuf gets JSON":       {"application/vnd.kubernetes.protobuf,application/json", http.StatusOK},
		"a client that takes protobuf alone is told so":  {"application/vnd.kubernetes.protobuf", http.StatusNotAcceptable},
		"metadata for the host's controllers is in JSON": {"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", http.StatusOK},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var code int
			c.Get().AbsPath(projects).SetHeader("Accept", tc.accept).Do(t.Context()).StatusCode(&code)
			if code != tc.code {
				t.Errorf("code %d, want %d", code, tc.code)
			}
		})
	}
}

func TestEveryWriteNamesTheFieldThatItsTypeCannotHold(t *testing.T) {
	t.Parallel()
	c := client(t, start(t).Config)
	create(t, c, projects, projectBody)
	const body = `{"apiVersion":"argoproj.io/v1alpha1","kind":"AppProject","metadata":{"name":"p"},"spec":{"roles":[{}]}}`
	patch := func(kind types.PatchType, text string) *clientrest.Request {
		return c.Patch(kind).AbsPath(projects+"/p").Param("fieldManager", "test").Body([]byte(text))
	}
	for name, request := range map[string]*clientrest.Request{
		"POST": c.Post().AbsPath(projects).Body([]byte(body)),
		"POST of YAML": c.Post().AbsPath(projects).SetHeader("Content-Type", "application/yaml").
			Body([]byte("apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: q}\nspec: {roles: [{}]}")),
		"PUT":               c.Put().AbsPath(projects + "/p").Body([]byte(body)),
		"a merge patch":     patch(types.MergePatchType, `{"spec":{"roles":[{}]}}`),
		"a JSON patch":      patch(types.JSONPatchType, `[{"op":"add","path":"/spec","value":{"roles":[{}]}}]`),
		"server-side apply": patch(types.ApplyPatchType, body),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := request.Do(t.Context()).Error()
			if !apierrors.IsBadRequest(err) && !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.roles[0].name") {
				t.Errorf("it is answered by %v, want a refusal that names spec.roles[0].name", err)
			}
		})
	}
}

func TestStrategicMergePatch(t *testing.T) {
	t.Parallel()
	c := client(t, start(t).Config)
	create(t, c, projects, projectBody)
	create(t, c, rollouts, rolloutBody)
	patch := []byte(`{"metadata":{"labels":{"x":"y"}}}`)
	cases := map[string]struct {
		path  string
		patch types.PatchType
		body  []byte
		code  int
	}{
		"is refused for a kind with an opaque pod template": {rollouts + "/r", types.StrategicMergePatchType, patch, 415},
		"is refused for the status of such a kind":          {rollouts + "/r/status", types.StrategicMergePatchType, patch, 415},
		"is taken for its scale": {
			rollouts + "/r/scale", types.StrategicMergePatchType, []byte(`{"spec":{"replicas":2}}`), 200,
		},
		"is taken for other kinds":          {projects + "/p", types.StrategicMergePatchType, patch, 200},
		"gives way to a JSON merge patch":   {rollouts + "/r", types.MergePatchType, patch, 200},
		"is refused whatever is in the URL": {rollouts + "/none", types.StrategicMergePatchType, patch, 415},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var code int
			err := c.Patch(tc.patch).AbsPath(tc.path).Body(tc.body).Do(t.Context()).StatusCode(&code).Error()
			if code != tc.code {
				t.Errorf("code %d, want %d: %v", code, tc.code, err)
			}
			if tc.code == http.StatusUnsupportedMediaType && !strings.Contains(err.Error(), "--type=merge") {
				t.Errorf("the refusal does not say what to use: %v", err)
			}
		})
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	c := client(t, start(t).Config)
	t.Run("version 3 offers strategic merge patches where they are taken", func(t *testing.T) {
		t.Parallel()
		document := &spec3.OpenAPI{}
		fetch(t, c, "/openapi/v3/apis/argoproj.io/v1alpha1", document)
		want := map[string]bool{"/rollouts/{name}": false, "/rollouts/{name}/status": false,
			"/rollouts/{name}/scale": true, "/appprojects/{name}": true}
		got := map[string]bool{}
		for path, item := range document.Paths.Paths {
			if short := strings.TrimPrefix(path, "/apis/argoproj.io/v1alpha1/namespaces/{namespace}"); item.Patch != nil {
				_, got[short] = item.Patch.RequestBody.Content[string(types.StrategicMergePatchType)]
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("paths that take a strategic merge patch (-want +got):\n%s", diff)
		}
	})
	t.Run("version 2 offers none for opaque kinds", func(t *testing.T) {
		t.Parallel()
		var swagger struct {
			Paths map[string]struct{ Patch struct{ Consumes []string } }
		}
		fetch(t, c, "/openapi/v2", &swagger)
		base := "/apis/argoproj.io/v1alpha1/namespaces/{namespace}"
		if got := swagger.Paths[base+"/rollouts/{name}"].Patch.Consumes; len(got) == 0 ||
			strings.Contains(strings.Join(got, ","), "strategic") {
			t.Errorf("a Rollout's patches: %v", got)
		}
		if got := swagger.Paths[base+"/appprojects/{name}"].Patch.Consumes; !strings.Contains(
			strings.Join(got, ","), "strategic") {
			t.Errorf("an AppProject's patches: %v", got)
		}
	})
	t.Run("names each kind once, by its served version", func(t *testing.T) {
		t.Parallel()
		document := &spec3.OpenAPI{}
		fetch(t, c, "/openapi/v3/apis/argoproj.io/v1alpha1", document)
		schema := document.Components.Schemas["io.argoproj.v1alpha1.AppProject"]
		if schema == nil {
			t.Fatal("there is no schema of an AppProject")
		}
		var kinds []metav1.GroupVersionKind
		if err := schema.Extensions.GetObject("x-kubernetes-group-version-kind", &kinds); err != nil {
			t.Fatal(err)
		}
		want := []metav1.GroupVersionKind{{Group: "argoproj.io", Version: "v1alpha1", Kind: "AppProject"}}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("kinds of the schema (-want +got):\n%s", diff)
		}
	})
}

func fetch(t *testing.T, c clientrest.Interface, path string, into any) {
	t.Helper()
	body, err := c.Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

// guard refuses until it is opened.
type guard struct{ open, wrote atomic.Bool }

func (g *guard) Refusal() error {
	if g.open.Load() {
		return nil
	}
	return apierrors.NewServiceUnavailable("the store is another one")
}

func (g *guard) Wrote() { g.wrote.Store(true) }

func TestStoreGuard(t *testing.T) {
	t.Parallel()
	g := &guard{}
	c := client(t, harness.Start(t, harness.Options{Assembly: assembly(), Configure: func(o *server.Options) {
		o.Detached.Guard = g
	}}).Config)

	for _, path := range []string{projects, projects + "/p", "/apis/capstan.dev/v1alpha1/clusters"} {
		err := c.Get().AbsPath(path).Do(t.Context()).Error()
		if !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), "another one") {
			t.Errorf("while the guard refuses, %s answers %v, want 503 and the reason", path, err)
		}
	}
	for _, path := range []string{
		"/apis", "/apis/argoproj.io/v1alpha1", "/openapi/v2", "/readyz", "/livez", "/version", "/metrics",
	} {
		if err := c.Get().AbsPath(path).Do(t.Context()).Error(); err != nil {
			t.Errorf("while the guard refuses, %s answers %v, want it served", path, err)
		}
	}
	g.open.Store(true)
	if err := c.Get().AbsPath(projects).Do(t.Context()).Error(); err != nil || g.wrote.Load() {
		t.Errorf("a read after the guard opened: %v, noted as a write: %t", err, g.wrote.Load())
	}
	create(t, c, projects, projectBody)
	if !g.wrote.Load() {
		t.Error("a write was not noted")
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Rules.Allow(
		harness.Rule{User: "alice", Verb: "create", Resource: "rollouts"},
		harness.Rule{User: "bob", Verb: harness.Any, Resource: "rollouts/scale"},
	)
	create(t, client(t, s.As("alice", "team")), rollouts, rolloutBody)
	scale := types.MergePatchType
	cases := map[string]struct {
		do      func(c clientrest.Interface) error
		user    string
		allowed bool
	}{
		"the right to a kind is no right to its subresource": {user: "alice", do: func(c clientrest.Interface) error {
			return c.Get().AbsPath(rollouts + "/r/scale").Do(t.Context()).Error()
		}},
		"a subresource has a right of its own": {user: "bob", allowed: true, do: func(c clientrest.Interface) error {
			return c.Patch(scale).AbsPath(rollouts + "/r/scale").Body([]byte(`{"spec":{"replicas":3}}`)).Do(t.Context()).Error()
		}},
		"who has no rule may do nothing": {user: "mallory", do: func(c clientrest.Interface) error {
			return c.Get().AbsPath(rollouts).Do(t.Context()).Error()
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.do(client(t, s.As(tc.user)))
			if tc.allowed && err != nil || !tc.allowed && !apierrors.IsForbidden(err) {
				t.Errorf("allowed: want %t, got %v", tc.allowed, err)
			}
		})
	}
}
