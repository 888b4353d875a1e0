// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/source"
)

// Input is what a render depends on.
type Input struct {
	// Repository is the URL of the tree, part of the cache's key.
	Repository string
	// Revision is the commit that the tree was read at. It is not part of the cache's key.
	Revision string
	// Tree holds the files.
	Tree source.Tree
	// Mounts are trees beside the own one, which options of the source refer to.
	Mounts []Mount
	// Source says where in the tree to look and with what options.
	Source v1alpha1.ApplicationSource
	// Application is the instance name of the application (Argo CD's ARGOCD_APP_NAME).
	Application string
	// Namespace is the destination's namespace (ARGOCD_APP_NAMESPACE).
	Namespace string
	// Project is the application's project (ARGOCD_APP_PROJECT_NAME).
	Project string
	// Destination tells what the destination offers. Only what templates ask of it becomes
	// part of what their render depends on.
	Destination Capabilities
	// Dependencies lends the charts that a chart depends on; nil lends none.
	Dependencies Dependencies
	// Submodules lends the trees of Git submodules; nil lends none.
	Submodules Submodules
	// Plugins render what the tools here do not; nil means that there are none.
	Plugins Plugins
}

// Capabilities is what templates may ask of a cluster.
type Capabilities interface {
	// KubeVersion returns the version of the API server.
	KubeVersion() (string, error)
	// APIVersions returns every group version, alone and with each of its kinds, in order.
	APIVersions() ([]string, error)
	// Serves reports whether one of them is there.
	Serves(name string) (bool, error)
}

// Output is what a render gave.
type Output struct {
	// Manifests are the objects in the order the tool printed them.
	Manifests []manifest.Manifest
	// Type is the tool that rendered them.
	Type v1alpha1.ApplicationSourceType
	// Digest names the manifests: equal digests mean equal manifests in equal order.
	Digest manifest.Digest
	// Unstable says which objects differ with each render, and why; empty where none does.
	// They stay as they are for as long as the render need not be repeated.
	Unstable string
	// Submodules says that files of submodules went into it.
	Submodules bool
	// Cached reports that nothing had to be rendered.
	Cached bool
}

// Renderer turns a tree into manifests. It fails with a *LimitError where a limit is
// passed and with a *SourceError where the files cannot be rendered.
type Renderer interface {
	Render(ctx context.Context, input Input) (Output, error)
}
