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
}

// Output is what a render gave.
type Output struct {
	// Manifests are the objects in the order the tool printed them.
	Manifests []manifest.Manifest
	// Type is the tool that rendered them.
	Type v1alpha1.ApplicationSourceType
	// Digest names the manifests: equal digests mean equal manifests in equal order.
	Digest manifest.Digest
	// Cached reports that nothing had to be rendered.
	Cached bool
}

// Renderer turns a tree into manifests. It fails with a *LimitError where a limit is
// passed and with a *SourceError where the files cannot be rendered.
type Renderer interface {
	Render(ctx context.Context, input Input) (Output, error)
}
