// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ha tells what becomes of the replicas of artifacts/deploy/ha: a hub, an etcd, three
// servers with the flags and the rights of the manifests, and what takes the Service's part.
package ha

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/world"
)

// stage is what all stories play on. They kill what runs there, and therefore play one after another.
var stage *world.World //nolint:gochecknoglobals // TestMain can hand it to tests in no other way.

func TestMain(m *testing.M) {
	options := world.Options{Root: filepath.Join("..", "..", ".."), Replicas: true, Audit: true, Out: os.Stderr}
	world.Main(m, options, func(_ context.Context, w *world.World) error {
		stage = w
		return nil
	})
}
