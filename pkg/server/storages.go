// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apiserver"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/analysisrun"
	"github.com/capstan-dev/capstan/pkg/registry/analysistemplate"
	"github.com/capstan-dev/capstan/pkg/registry/clusteranalysistemplate"
	"github.com/capstan-dev/capstan/pkg/registry/experiment"
)

// storageFunc is a function that provides the storage of kinds.
type storageFunc func(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error)

// Storage calls the function.
func (f storageFunc) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	return f(getter)
}

// analysisKinds provides the kinds of the analysis of Rollouts; the authorizer says who may use which cluster, the gate
// who may end what a Rollout goes on by.
func analysisKinds(
	scheme *runtime.Scheme, clusters authorizer.UnconditionalAuthorizer, gate registry.Gate,
) apiserver.StorageProvider {
	return storageFunc(func(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
		templates, err := analysistemplate.NewREST(scheme, getter)
		if err != nil {
			return nil, err
		}
		clusterTemplates, err := clusteranalysistemplate.NewREST(scheme, getter)
		if err != nil {
			return nil, err
		}
		runs, runStatus, err := analysisrun.NewREST(scheme, getter)
		if err != nil {
			return nil, err
		}
		experiments, experimentStatus, err := experiment.NewREST(scheme, getter)
		if err != nil {
			return nil, err
		}
		placed := func(kind *registry.REST) registry.Placed {
			return registry.Placed{Resource: kind.DefaultQualifiedResource, Authorizer: clusters}
		}
		return map[string]rest.Storage{
			"analysistemplates":        registry.NewGuardedREST(templates, placed(templates)),
			"clusteranalysistemplates": registry.NewGuardedREST(clusterTemplates, placed(clusterTemplates)),
			"analysisruns":             registry.NewGuardedREST(runs, placed(runs), analysisrun.Ending(gate)),
			"analysisruns/status":      runStatus,
			"experiments":              registry.NewGuardedREST(experiments, placed(experiments), experiment.Ending(gate)),
			"experiments/status":       experimentStatus,
		}, nil
	})
}
