// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tells the stories of users on a real control plane: a hub, the clusters
// staging and production, a Git server, and Capstan with the rights of its ServiceAccount.
package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/world"
)

const (
	staging    = "staging"
	production = "production"
	argocd     = "argocd"
)

// stage is what all stories play on. Those that change it, or count what it does, play one after another; then the others
// play beside each other, each in a namespace of its own.
var stage *world.World //nolint:gochecknoglobals // TestMain can hand it to tests in no other way.

func TestMain(m *testing.M) {
	clusters := []string{staging, production}
	world.Main(m, world.Options{
		Root: filepath.Join("..", ".."), Clusters: clusters, Audit: true, Out: os.Stderr,
		Args: []string{"--git-poll-interval", "2s"},
	}, func(ctx context.Context, w *world.World) error {
		stage = w
		for _, name := range clusters {
			if err := stage.Register(ctx, name, map[string]string{"env": name}); err != nil {
				return err
			}
		}
		return nil
	})
}
