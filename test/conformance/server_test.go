// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
	"github.com/capstan-dev/capstan/test/harness/peer"
)

// startServer returns a client of a server that has no controllers.
func startServer(t *testing.T) rest.Interface {
	t.Helper()
	dir := t.TempDir()
	running := apiserver.Start(t, apiserver.Options{Configure: func(o *server.Options) {
		o.Controllers, o.DataDir = []string{}, dir
	}})
	config := rest.CopyConfig(running.Config)
	config.WarningHandler = rest.NoWarnings{} // the warnings of each answer are compared
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client.ArgoprojV1alpha1().RESTClient()
}

// sender sends one object to the server.
type sender struct {
	client    rest.Interface
	kind      *peer.Kind
	name      string
	namespace string
	body      []byte
}

func newSender(client rest.Interface, kind *peer.Kind, object unstructured.Unstructured) (*sender, error) {
	body, err := object.MarshalJSON()
	return &sender{client, kind, object.GetName(), object.GetNamespace(), body}, err
}

func (s *sender) to(request *rest.Request, name string) *rest.Request {
	if name != "" {
		request.Name(name)
	}
	return request.NamespaceIfScoped(s.namespace, s.kind.Namespaced).Resource(s.kind.Plural).
		SetHeader("Content-Type", "application/json")
}

// create sends the object by POST.
func (s *sender) create(ctx context.Context, dryRun ...string) answer {
	request := s.to(s.client.Post(), "").Param("fieldValidation", "Warn").Body(s.body)
	for _, value := range dryRun {
		request.Param("dryRun", value)
	}
	return answerOf(request.Do(ctx))
}

// read returns the object as the server keeps it, and what it warned of before.
func (s *sender) read(ctx context.Context, warned []string) answer {
	got := answerOf(s.to(s.client.Get(), s.name).Do(ctx))
	got.warned = warned
	return got
}

// replace sends the object by PUT.
func (s *sender) replace(ctx context.Context) answer {
	return answerOf(s.to(s.client.Put(), s.name).Body(s.body).Do(ctx))
}

// apply sends the object by server-side apply.
func (s *sender) apply(ctx context.Context) answer {
	return answerOf(s.patch(types.ApplyPatchType, s.body).Param("force", "true").Do(ctx))
}

// applyByClient sends what kubectl apply makes of an object that it applied before.
func (s *sender) applyByClient(ctx context.Context, live *unstructured.Unstructured) answer {
	current, err := live.MarshalJSON()
	if err != nil {
		return answer{err: err}
	}
	body, err := jsonmergepatch.CreateThreeWayJSONMergePatch(s.body, s.body, current)
	if err != nil {
		return answer{err: err}
	}
	return answerOf(s.patch(types.MergePatchType, body).Do(ctx))
}

func (s *sender) patch(as types.PatchType, body []byte) *rest.Request {
	return s.to(s.client.Patch(as), s.name).SetHeader("Content-Type", string(as)).
		Param("fieldManager", "conformance").Body(body)
}

// answer is what the server answers.
type answer struct {
	object *unstructured.Unstructured
	// warned are the unknown fields that the server warns of.
	warned []string
	code   int
	err    error
}

func answerOf(result rest.Result) answer {
	got := answer{object: &unstructured.Unstructured{}, err: result.Error()}
	result.StatusCode(&got.code)
	for _, warning := range result.Warnings() {
		got.warned = append(got.warned, strings.TrimSuffix(strings.TrimPrefix(warning.Text, `unknown field "`), `"`))
	}
	slices.Sort(got.warned)
	if got.err == nil {
		raw, _ := result.Raw()
		got.err = got.object.UnmarshalJSON(raw)
	}
	return got
}

// refused says that the server refuses the object for what is in it.
func (a answer) refused() bool {
	return a.code == http.StatusBadRequest || a.code == http.StatusUnprocessableEntity
}
