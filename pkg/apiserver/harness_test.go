// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver_test

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	clientrest "k8s.io/client-go/rest"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apiserver"
	"github.com/capstan-dev/capstan/pkg/registry/appproject"
	"github.com/capstan-dev/capstan/pkg/registry/cluster"
	"github.com/capstan-dev/capstan/pkg/registry/rollout"
	"github.com/capstan-dev/capstan/pkg/server"
	harness "github.com/capstan-dev/capstan/test/harness/apiserver"
)

// assembly serves one kind of each sort: merged strategically, opaque with a scale, and of the second group.
func assembly() *server.Assembly {
	return &server.Assembly{Build: func(_ context.Context, d server.Dependencies) (*server.Parts, error) {
		rollouts := apiserver.StorageFunc(func(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
			main, status, scale, err := rollout.NewREST(d.Scheme, getter)
			return map[string]rest.Storage{"rollouts": main, "rollouts/status": status, "rollouts/scale": scale}, err
		})
		return &server.Parts{Storage: map[schema.GroupVersion][]apiserver.StorageProvider{
			argov1alpha1.SchemeGroupVersion:    {&appproject.Provider{Scheme: d.Scheme}, rollouts},
			capstanv1alpha1.SchemeGroupVersion: {&cluster.Provider{Scheme: d.Scheme}},
		}}, nil
	}}
}

func start(t *testing.T) *harness.Server {
	t.Helper()
	return harness.Start(t, harness.Options{Assembly: assembly()})
}

// client sends requests as they are, to see what is on the wire.
func client(t *testing.T, config *clientrest.Config) clientrest.Interface {
	t.Helper()
	config = clientrest.CopyConfig(config)
	config.NegotiatedSerializer = nil
	config.GroupVersion = &schema.GroupVersion{}
	made, err := clientrest.UnversionedRESTClientFor(withSerializer(config))
	if err != nil {
		t.Fatal(err)
	}
	return made
}
