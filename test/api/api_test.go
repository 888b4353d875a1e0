// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry/application"
	"github.com/capstan-dev/capstan/pkg/registry/rollout"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// The users of the stories. Each may do what the rules say.
const (
	admin  = "admin"
	editor = "editor"
	syncer = "syncer"
	ender  = "ender"
	reader = "reader"
)

func rules() []apiserver.Rule {
	const apps = "applications"
	granted := []apiserver.Rule{{User: admin, Verb: apiserver.Any, Resource: apiserver.Any}}
	for _, user := range []string{editor, syncer, ender} {
		granted = append(granted, apiserver.Rule{User: user, Verb: apiserver.Any, Resource: apps})
	}
	granted = append(granted, rolloutRules()...)
	return append(granted,
		apiserver.Rule{User: syncer, Verb: "create", Resource: apps + "/sync"},
		apiserver.Rule{User: ender, Verb: "create", Resource: apps + "/terminate"},
		apiserver.Rule{User: reader, Verb: "get", Resource: apps},
	)
}

// world is a server that the stories share.
type world struct {
	*apiserver.Server
}

// story tells what the API does; each has a namespace of its own.
type story func(t *testing.T, w *world)

func TestAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stories := map[string]story{}
	for _, more := range []map[string]story{
		discoveryStories(), documentStories(), readStories(), watchStories(), writeStories(), patchStories(),
		statusStories(), operationStories(), terminationStories(), subresourceStories(), computedStories(), recordStories(), inspectionStories(), actionStories(),
		kindStories(), gateKindStories(), sweepStories(), rolloutActionStories(), rolloutStatusStories(), pluginStories(),
	} {
		maps.Copy(stories, more)
	}
	for _, name := range slices.Sorted(maps.Keys(stories)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stories[name](t, w)
		})
	}
}

// newWorld starts a server for stories that do not see each other's objects, or for one that does.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{apiserver.Start(t, apiserver.Options{Assembly: assembly(), Configure: withoutControllers(t)})}
	w.Rules.Allow(rules()...)
	return w
}

// withoutControllers leaves every object to the stories.
func withoutControllers(t testing.TB) func(*server.Options) {
	t.Helper()
	dir := t.TempDir()
	return func(o *server.Options) { o.Controllers, o.DataDir = []string{}, dir }
}

// assembly is the product, but that manifests and diff are computed by a stage that reads no Git.
func assembly() *server.Assembly {
	product := server.NewAssembly()
	build := product.Build
	product.Build = func(ctx context.Context, d server.Dependencies) (*server.Parts, error) {
		parts, err := build(ctx, d)
		if err != nil {
			return nil, err
		}
		for _, provider := range parts.Storage[v1alpha1.SchemeGroupVersion] {
			if reached, ok := provider.(server.Reached); ok {
				provider = reached.StorageProvider
			}
			if rollouts, ok := provider.(*rollout.Provider); ok {
				rollouts.Revisions = kept{}
			}
			if applications, ok := provider.(*application.Provider); ok {
				applications.Renderer, applications.Differ = stage{}, stage{}
				applications.Trees, applications.Events, applications.Logs = cast{}, cast{}, cast{}
				applications.Actions = cast{}
			}
		}
		return parts, nil
	}
	return product
}

// stage answers with the revision that it is asked for.
type stage struct{}

var errStage = errors.New("spec.source.path: no such folder")

func (stage) Manifests(
	_ context.Context, app *v1alpha1.Application, revision string,
) (*v1alpha1.ApplicationManifests, error) {
	if revision == "broken" {
		return nil, errStage
	}
	return &v1alpha1.ApplicationManifests{
		Revision: revision, Manifests: []v1alpha1.JSON{{Raw: []byte(`{"kind":"ConfigMap","name":"` + app.Name + `"}`)}},
	}, nil
}

func (stage) Diff(_ context.Context, app *v1alpha1.Application, revision string) (*v1alpha1.ApplicationDiff, error) {
	if revision == "broken" {
		return nil, errStage
	}
	return &v1alpha1.ApplicationDiff{
		Revision: revision,
		Items:    []v1alpha1.ApplicationDiffItem{{Kind: "ConfigMap", Name: app.Name, Action: v1alpha1.ApplicationDiffCreate}},
	}, nil
}

func clientOf(t testing.TB, config *rest.Config) *versioned.Clientset {
	t.Helper()
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// as returns the generated client of a user.
func (w *world) as(t testing.TB, user string, groups ...string) *versioned.Clientset {
	t.Helper()
	return clientOf(t, w.As(user, groups...))
}

// applications returns the Applications of a namespace, as a user.
func (w *world) applications(t testing.TB, user, namespace string) argoclient.ApplicationInterface {
	t.Helper()
	return w.as(t, user).ArgoprojV1alpha1().Applications(namespace)
}

// raw returns a client for plain requests of a user to argoproj.io.
func (w *world) raw(t testing.TB, user string) rest.Interface {
	t.Helper()
	return w.as(t, user).ArgoprojV1alpha1().RESTClient()
}

// newNamespace returns the name of a namespace that no other story uses.
func newNamespace() string { return "ns-" + uuid.NewString()[:8] }

func newApplication(name string) *v1alpha1.Application {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.ApplicationSpec{
			Project:     "default",
			Source:      &v1alpha1.ApplicationSource{RepoURL: "https://git.example/web", Path: "web"},
			Destination: v1alpha1.ApplicationDestination{Server: "https://one.example", Namespace: "web"},
		},
	}
}

// given creates an Application "web" in a namespace of its own, and returns the Applications there as the administrator.
func (w *world) given(t testing.TB) (argoclient.ApplicationInterface, string) {
	t.Helper()
	namespace := newNamespace()
	apps := w.applications(t, admin, namespace)
	create(t, apps, newApplication("web"))
	return apps, namespace
}

func create(t testing.TB, apps argoclient.ApplicationInterface, app *v1alpha1.Application) *v1alpha1.Application {
	t.Helper()
	created, err := apps.Create(t.Context(), app, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("create an Application: %v", err)
	}
	return created
}

func get(t testing.TB, apps argoclient.ApplicationInterface) *v1alpha1.Application {
	t.Helper()
	app, err := apps.Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatalf("get the Application: %v", err)
	}
	return app
}

// report writes a status as the reconciler does.
func report(
	t testing.TB, apps argoclient.ApplicationInterface, change func(*v1alpha1.Application),
) *v1alpha1.Application {
	t.Helper()
	app := get(t, apps)
	change(app)
	reported, err := apps.UpdateStatus(t.Context(), app, metav1.UpdateOptions{})
	if err != nil {
		t.Fatalf("write the status: %v", err)
	}
	return reported
}

func mergePatch(
	t testing.TB, apps argoclient.ApplicationInterface, patch string, subresources ...string,
) (*v1alpha1.Application, error) {
	t.Helper()
	return apps.Patch(t.Context(), "web", types.MergePatchType, []byte(patch), metav1.PatchOptions{}, subresources...)
}

// refused requires an error with a code and with parts in its text.
func refused(t testing.TB, err error, code int, parts ...string) {
	t.Helper()
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		t.Errorf("the answer is %v, not a refusal with %d %s", err, code, http.StatusText(code))
		return
	}
	if got := status.Status().Code; int(got) != code {
		t.Errorf("the code is %d, not %d: %v", got, code, err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal does not say %q: %v", part, err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
