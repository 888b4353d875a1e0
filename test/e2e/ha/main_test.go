// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ha tells what becomes of the replicas of artifacts/deploy/ha: a hub, an etcd, three
// servers with the flags and the rights of the manifests, and what takes the Service's part.
package ha

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/world"
)

// stage is what all stories play on. They kill what runs there, and therefore play one after another.
var stage *world.World //nolint:gochecknoglobals // TestMain can hand it to tests in no other way.

func TestMain(m *testing.M) {
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := play(ctx, m)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ha:", err)
		code = 1
	}
	os.Exit(code)
}

func play(ctx context.Context, m *testing.M) (code int, err error) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "capstan-ha-")
	if err != nil {
		return 1, err
	}
	stage, err = world.New(ctx, world.Options{Root: root, Dir: dir, Replicas: true, Audit: true, Out: os.Stderr})
	if err != nil {
		return 1, fmt.Errorf("see %s: %w", dir, err)
	}
	code = m.Run()
	if err := stage.Close(); err != nil {
		return 1, err
	}
	if code != 0 {
		fmt.Fprintf(os.Stderr, "ha: what was running is in %s\n", dir)
		return code, nil
	}
	return 0, os.RemoveAll(dir)
}
