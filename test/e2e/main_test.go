// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tells the stories of users on a real control plane: a hub, the clusters
// staging and production, a Git server, and Capstan with the rights of its ServiceAccount.
package e2e

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

const (
	staging    = "staging"
	production = "production"
	argocd     = "argocd"
)

// stage is what all stories play on. They change it, and therefore play one after another.
var stage *world.World //nolint:gochecknoglobals // TestMain can hand it to tests in no other way.

func TestMain(m *testing.M) {
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := play(ctx, m)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func play(ctx context.Context, m *testing.M) (code int, err error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "capstan-e2e-")
	if err != nil {
		return 1, err
	}
	stage, err = world.New(ctx, world.Options{
		Root: root, Dir: dir, Clusters: []string{staging, production}, Audit: true, Out: os.Stderr,
		Args: []string{"--git-poll-interval", "2s"},
	})
	if err != nil {
		return 1, err
	}
	for _, name := range []string{staging, production} {
		if err := stage.Register(ctx, name, map[string]string{"env": name}); err != nil {
			return 1, err
		}
	}
	code = m.Run()
	if err := stage.Close(); err != nil {
		return 1, err
	}
	if code != 0 {
		fmt.Fprintf(os.Stderr, "e2e: what was running is in %s\n", dir)
		return code, nil
	}
	return 0, os.RemoveAll(dir)
}
