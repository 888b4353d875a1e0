// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/inspection"
)

type fields = map[string]any

// pods is an API server with the pods one and two of the Application shop, and theirs of nobody.
type pods struct {
	mu      sync.Mutex
	queries []string
	// ended is closed when a log that was followed ends.
	ended chan struct{}
}

func pod(name, application string) fields {
	return fields{"apiVersion": "v1", "kind": "Pod",
		"metadata": fields{"namespace": "shop", "name": name, "uid": "uid-" + name, "annotations": fields{
			"argocd.argoproj.io/tracking-id": application + ":/Pod:shop/" + name}},
		"spec": fields{"containers": []fields{{"name": "main"}, {"name": "side"}}},
	}
}

func (p *pods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	all := map[string]fields{"one": pod("one", "shop"), "two": pod("two", "shop"), "theirs": pod("theirs", "other")}
	const under = "/api/v1/namespaces/shop/pods"
	name, sub, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, under), "/"), "/")
	var answer any
	switch {
	case r.URL.Path == "/version":
		answer = fields{"major": "1", "minor": "37", "gitVersion": "v1.37.2"}
	case r.URL.Path == "/api":
		answer = fields{"kind": "APIVersions", "versions": []string{"v1"}}
	case r.URL.Path == "/apis":
		answer = fields{"kind": "APIGroupList", "apiVersion": "v1", "groups": []fields{}}
	case r.URL.Path == "/api/v1":
		verbs := []string{"get", "list", "watch"}
		answer = fields{"kind": "APIResourceList", "groupVersion": "v1", "resources": []fields{
			{"name": "namespaces", "kind": "Namespace", "namespaced": false, "verbs": verbs},
			{"name": "pods", "kind": "Pod", "namespaced": true, "verbs": verbs},
		}}
	case r.URL.Path == "/api/v1/namespaces/kube-system":
		answer = fields{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": fields{"uid": "u"}}
	case r.URL.Path == under:
		list := []fields{}
		for _, name := range []string{"one", "two", "theirs"} {
			list = append(list, fields{"metadata": all[name]["metadata"]})
		}
		answer = fields{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": fields{}, "items": list}
	case all[name] != nil && sub == "log":
		p.log(w, r, name)
		return
	case all[name] != nil && sub == "":
		answer = all[name]
	default:
		w.WriteHeader(http.StatusNotFound)
		answer = fields{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// log prints a line, one that is too long, and another; one that is followed goes on until the client is gone.
func (p *pods) log(w http.ResponseWriter, r *http.Request, name string) {
	p.mu.Lock()
	p.queries = append(p.queries, r.URL.Query().Encode())
	p.mu.Unlock()
	_, _ = fmt.Fprintf(w, "first of %s\n%s\nlast of %s\n", name, strings.Repeat("x", 1<<20), name)
	if r.URL.Query().Get("follow") == "true" {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(p.ended)
	}
}

// place sends every Application to one cluster.
type place struct{ target *cluster.Cluster }

func (p place) Place(*v1alpha1.Application) (*cluster.Cluster, *v1alpha1.AppProject, error) {
	return p.target, &v1alpha1.AppProject{}, nil
}

func (place) Keeper(*cluster.Cluster) *cluster.Cluster { return nil }

func (place) Instance(app *v1alpha1.Application) string { return app.Name }

func shop(t *testing.T) (*pods, *inspection.Inspector, *v1alpha1.Application) {
	t.Helper()
	api := &pods{ended: make(chan struct{})}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	clusters, err := cluster.NewClusters(cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	if err = clusters.Set(t.Context(), cluster.Destination{
		Name: "one", Server: server.URL, Config: &rest.Config{Host: server.URL},
	}); err != nil {
		t.Fatal(err)
	}
	target, err := clusters.ByServer(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	app := &v1alpha1.Application{}
	app.Name, app.Spec.Destination.Namespace = "shop", "shop"
	for _, name := range []string{"one", "two", "theirs"} {
		app.Status.Resources = append(app.Status.Resources,
			v1alpha1.ResourceStatus{Version: "v1", Kind: "Pod", Namespace: "shop", Name: name})
	}
	return api, &inspection.Inspector{Places: place{target}}, app
}

func read(t *testing.T, inspector *inspection.Inspector, app *v1alpha1.Application, options v1alpha1.ApplicationLogOptions) string {
	t.Helper()
	copyLines, err := inspector.Log(t.Context(), app, &options)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := copyLines(t.Context(), &text, func() {}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestALogIsCopiedLineByLine(t *testing.T) {
	t.Parallel()
	api, inspector, app := shop(t)
	tail, since := int64(5), int64(60)
	lines := strings.Split(read(t, inspector, app, v1alpha1.ApplicationLogOptions{
		PodName: "one", TailLines: &tail, SinceSeconds: &since, Timestamps: true, Previous: true,
	}), "\n")
	if len(lines) != 4 || lines[0] != "first of one" || lines[2] != "last of one" {
		t.Errorf("the log has %d lines, the first is %q", len(lines), lines[0])
	}
	if len(lines[1]) > 17<<10 || !strings.HasSuffix(lines[1], "(cut)") {
		t.Errorf("a long line has %d bytes", len(lines[1]))
	}
	want := "container=main&previous=true&sinceSeconds=60&tailLines=5&timestamps=true"
	if !slices.Equal(api.queries, []string{want}) {
		t.Errorf("the cluster was asked for %v, want %s", api.queries, want)
	}
}

func TestLinesAreFiltered(t *testing.T) {
	t.Parallel()
	_, inspector, app := shop(t)
	for filter, want := range map[string]string{
		"last": "last of one\n", "!x": "first of one\nlast of one\n", "nothing like it": "",
	} {
		got := read(t, inspector, app, v1alpha1.ApplicationLogOptions{Kind: "Pod", Name: "one", Filter: filter})
		if got != want {
			t.Errorf("%q lets %q through, want %q", filter, got, want)
		}
	}
}

func TestSeveralPodsAreReadAtOnceAndOnlyThoseOfTheTree(t *testing.T) {
	t.Parallel()
	_, inspector, app := shop(t)
	got := strings.Fields(strings.ReplaceAll(
		read(t, inspector, app, v1alpha1.ApplicationLogOptions{Filter: "first", Container: "side"}), " ", "_"))
	slices.Sort(got)
	if want := []string{"[one/side]_first_of_one", "[two/side]_first_of_two"}; !slices.Equal(got, want) {
		t.Errorf("the logs are %v, want %v", got, want)
	}
}

func TestAPodElsewhereIsAnsweredLikeOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	api, inspector, app := shop(t)
	answers := map[string]bool{}
	for _, name := range []string{"theirs", "absent"} {
		_, err := inspector.Log(t.Context(), app, &v1alpha1.ApplicationLogOptions{PodName: name})
		if !apierrors.IsNotFound(err) {
			t.Fatalf("%s is answered by %v", name, err)
		}
		answers[strings.ReplaceAll(err.Error(), name, "NAME")] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	if len(api.queries) > 0 {
		t.Errorf("a log was read: %v", api.queries)
	}
}

func TestALogThatIsFollowedEndsWithItsClient(t *testing.T) {
	t.Parallel()
	api, inspector, app := shop(t)
	ctx, cancel := context.WithCancel(t.Context())
	copyLines, err := inspector.Log(ctx, app, &v1alpha1.ApplicationLogOptions{PodName: "one", Follow: true, Filter: "last"})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := copyLines(ctx, &text, cancel); err != nil {
		t.Errorf("a client that goes is an error: %v", err)
	}
	if text.String() != "last of one\n" {
		t.Errorf("the log is %q", text.String())
	}
	<-api.ended
}
