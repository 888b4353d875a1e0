// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericfilters "k8s.io/apiserver/pkg/server/filters"
	"k8s.io/component-base/metrics/legacyregistry"
)

// StorageProvider makes the storage of one kind and of its subresources.
type StorageProvider interface {
	// Storage returns the storages by path, such as "applications" and "applications/status".
	Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error)
}

// StorageFunc is a StorageProvider that needs nothing but its function.
type StorageFunc func(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error)

// Storage implements StorageProvider.
func (f StorageFunc) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	return f(getter)
}

// Extra is what the server needs beyond the settings of a generic API server.
type Extra struct {
	// Scheme holds every kind with its hub version; its codecs read requests and the store.
	Scheme *runtime.Scheme
	// Storage is what each group-version serves. All versions of a group share a codec.
	Storage map[schema.GroupVersion][]StorageProvider
	// Guard refuses resource requests while the store is not the one that the host cluster remembers; nil never refuses.
	Guard StoreGuard
	// Handlers are further HTTP handlers by absolute path; they stand behind authentication and authorization.
	Handlers map[string]http.Handler
	// Metrics are served at /metrics with those of the process; nil adds none.
	Metrics prometheus.Gatherer
}

// Server is an API server that is ready to run.
type Server struct {
	*genericapiserver.GenericAPIServer
	// Resources names the resources of each group-version, without subresources.
	Resources map[schema.GroupVersion]sets.Set[string]
}

// Config is what a server is made of before it is complete.
type Config struct {
	// GenericConfig holds the settings of the generic API server.
	GenericConfig *genericapiserver.RecommendedConfig
	// Extra holds the rest.
	Extra Extra
}

type completedConfig struct {
	generic genericapiserver.CompletedConfig
	extra   *Extra
	codecs  serializer.CodecFactory
	shapes  shapes
}

// CompletedConfig is a Config that Complete has filled in; nothing else can make one.
type CompletedConfig struct {
	*completedConfig
}

// Complete fills in what follows from the rest of the configuration. It changes the receiver.
func (c *Config) Complete() CompletedConfig {
	c.GenericConfig.LongRunningFunc = genericfilters.BasicLongRunningRequestCheck(
		sets.NewString("watch"), sets.NewString("log"))
	groups := sets.New[string]()
	for gv := range c.Extra.Storage {
		groups.Insert(gv.Group)
	}
	known := newShapes(c.Extra.Scheme)
	c.GenericConfig.BuildHandlerChainFunc = handlerChain(groups, c.Extra.Guard, c.Extra.Scheme, known)
	return CompletedConfig{&completedConfig{
		generic: c.GenericConfig.Complete(),
		extra:   &c.Extra,
		codecs:  serializer.NewCodecFactory(c.Extra.Scheme),
		shapes:  known,
	}}
}

// New makes the server. It connects to the store but does not listen.
func (c CompletedConfig) New() (*Server, error) {
	generic, err := c.generic.New("capstan-apiserver", genericapiserver.NewEmptyDelegate())
	if err != nil {
		return nil, fmt.Errorf("make the generic API server: %w", err)
	}
	server := &Server{GenericAPIServer: generic, Resources: map[schema.GroupVersion]sets.Set[string]{}}
	infos, err := c.groups(server.Resources)
	if err != nil {
		return nil, err
	}
	if err := generic.InstallAPIGroups(infos...); err != nil {
		return nil, fmt.Errorf("install the API groups: %w", err)
	}
	mux := generic.Handler.NonGoRestfulMux
	for _, path := range slices.Sorted(maps.Keys(c.extra.Handlers)) {
		mux.Handle(path, c.extra.Handlers[path])
	}
	if c.extra.Metrics != nil {
		// The generic server registers its metrics with the process; its own handler would serve nothing else.
		mux.Unregister("/metrics")
		all := prometheus.Gatherers{legacyregistry.DefaultGatherer, c.extra.Metrics}
		mux.Handle("/metrics", promhttp.HandlerFor(all, promhttp.HandlerOpts{}))
	}
	return server, nil
}

// groups returns one description a group, in the order of the groups' names, and notes the resources of each version.
func (c CompletedConfig) groups(
	resources map[schema.GroupVersion]sets.Set[string],
) ([]*genericapiserver.APIGroupInfo, error) {
	infos := map[string]*genericapiserver.APIGroupInfo{}
	for gv, providers := range c.extra.Storage {
		info, found := infos[gv.Group]
		if !found {
			info = c.groupInfo(gv.Group)
			infos[gv.Group] = info
		}
		storage, err := storageOf(providers, c.generic.RESTOptionsGetter)
		if err != nil {
			return nil, fmt.Errorf("storage of %s: %w", gv, err)
		}
		info.VersionedResourcesStorageMap[gv.Version] = storage
		resources[gv] = sets.New[string]()
		for path := range storage {
			resource, _, _ := strings.Cut(path, "/")
			resources[gv].Insert(resource)
		}
	}
	var sorted []*genericapiserver.APIGroupInfo
	for _, group := range slices.Sorted(maps.Keys(infos)) {
		sorted = append(sorted, infos[group])
	}
	return sorted, nil
}

func (c CompletedConfig) groupInfo(group string) *genericapiserver.APIGroupInfo {
	// The codec of metav1 cannot decode the query options of our own subresources.
	parameters := runtime.NewParameterCodec(c.extra.Scheme)
	info := genericapiserver.NewDefaultAPIGroupInfo(group, c.extra.Scheme, parameters, c.codecs)
	info.NegotiatedSerializer = wire{info.NegotiatedSerializer, c.shapes}
	return &info
}

func storageOf(providers []StorageProvider, getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	all := map[string]rest.Storage{}
	for _, provider := range providers {
		storage, err := provider.Storage(getter)
		if err != nil {
			return nil, err
		}
		for path, s := range storage {
			if _, taken := all[path]; taken {
				return nil, fmt.Errorf("two providers serve %q", path)
			}
			all[path] = s
		}
	}
	return all, nil
}
