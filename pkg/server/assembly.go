// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/rest"
	cliflag "k8s.io/component-base/cli/flag"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apiserver"
)

// Assembly names what the server is put together from, as far as flags have to know of it, and builds it.
type Assembly struct {
	// AddFlags adds the flags of the parts; nil adds none.
	AddFlags func(*cliflag.NamedFlagSets)
	// Validate checks those flags; each error names its flag.
	Validate func() []error
	// RegisterAdmission registers admission plugins and returns their names in the order in which they run.
	RegisterAdmission func(*admission.Plugins) []string
	// ControllerNames is what --controllers can choose among.
	ControllerNames []string
	// PublicPaths are paths of handlers that check their callers themselves, such as a signed webhook.
	PublicPaths []string
	// Build makes the parts; nil makes a server of empty groups.
	Build func(ctx context.Context, d Dependencies) (*Parts, error)
}

// Dependencies is what the parts are built on.
type Dependencies struct {
	// Loopback reaches this server's API with every right and without a limit of requests.
	Loopback *rest.Config
	// Host reaches the host cluster; nil in a detached server.
	Host *rest.Config
	// Authorizer decides on requests and on the checks that admission makes.
	Authorizer authorizer.Authorizer
	// Guard says whether the store is served; nil serves any.
	Guard apiserver.StoreGuard
	// Scheme holds every kind with its hub version.
	Scheme *runtime.Scheme
	// Metrics are served at /metrics beside those of the API server.
	Metrics prometheus.Registerer
	// Namespace is the control-plane namespace.
	Namespace string
	// DataDir is a directory of this process; empty where the store is external and no directory was given.
	DataDir string
}

// Parts is what an Assembly builds: the same stages stand behind the storage and behind the controllers.
type Parts struct {
	// Storage is what each group-version serves.
	Storage map[schema.GroupVersion][]apiserver.StorageProvider
	// AdmissionInitializers hand the admission plugins what they need.
	AdmissionInitializers []admission.PluginInitializer
	// Background is what every replica runs while it serves, such as caches; each returns once its context has ended.
	Background []func(ctx context.Context)
	// Controllers are the control loops; one that --controllers does not choose is not run.
	Controllers []Controller
	// Handlers are further HTTP handlers by absolute path.
	Handlers map[string]http.Handler
}

// groupVersions lists what is served and registered.
func groupVersions() []schema.GroupVersion {
	return []schema.GroupVersion{argov1alpha1.SchemeGroupVersion, capstanv1alpha1.SchemeGroupVersion}
}

// build fills in what an assembly leaves out.
func (a *Assembly) build(ctx context.Context, d Dependencies) (*Parts, error) {
	parts := &Parts{}
	if a.Build != nil {
		built, err := a.Build(ctx, d)
		if err != nil {
			return nil, err
		}
		parts = built
	}
	storage := map[schema.GroupVersion][]apiserver.StorageProvider{}
	for _, gv := range groupVersions() {
		storage[gv] = parts.Storage[gv]
	}
	parts.Storage = storage
	return parts, nil
}
