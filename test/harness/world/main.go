// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// Main builds a world, hands it to the tests of a package, runs them, and ends the process. Options.Root may be
// relative to the package; Options.Dir is a new folder, which stays where something failed.
func Main(m *testing.M, options Options, enter func(context.Context, *World) error) {
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := play(ctx, m, options, enter)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		code = 1
	}
	os.Exit(code)
}

func play(
	ctx context.Context, m *testing.M, options Options, enter func(context.Context, *World) error,
) (code int, err error) {
	if options.Root, err = filepath.Abs(options.Root); err != nil {
		return 1, err
	}
	if options.Dir, err = os.MkdirTemp("", "capstan-e2e-"); err != nil {
		return 1, err
	}
	w, err := New(ctx, options)
	if err == nil {
		if err = enter(ctx, w); err == nil {
			code = m.Run()
		}
		err = errors.Join(err, w.Close())
	}
	if code != 0 || err != nil {
		return code, errors.Join(err, fmt.Errorf("what was running is in %s", options.Dir))
	}
	return 0, os.RemoveAll(options.Dir)
}
