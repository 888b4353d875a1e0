// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout tells the stories of Rollouts on a real control plane, whose pods a stage plays, with Capstan in the
// rights of its ServiceAccount.
package rollout

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/world"
)

// stage is what all stories play on, each in a namespace of its own: those that end the server one after another, then
// the others beside each other.
var stage *world.World //nolint:gochecknoglobals // TestMain can hand it to tests in no other way.

func TestMain(m *testing.M) {
	world.Main(m, world.Options{
		Root: filepath.Join("..", "..", ".."), Clusters: []string{east}, Out: os.Stderr,
	}, func(ctx context.Context, w *world.World) error {
		stage = w
		return stage.Register(ctx, east, nil)
	})
}
