// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Command controlplane runs real Kubernetes control planes on this machine, without containers.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/capstan-dev/capstan/hack/controlplane/binaries"
)

// The files that pin what is built travel with the command, so that it works from any folder.
var (
	//go:embed go.mod
	goMod []byte
	//go:embed go.sum
	goSum []byte
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		cancel()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "controlplane",
		Short:         "Real Kubernetes control planes on this machine, without containers",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(buildCommand(), upCommand(), downCommand(), logsCommand(), registerCommand())
	for order, short := range map[string]string{
		"stop":   "End one cluster's programs; its objects and its port are kept",
		"start":  "Run a stopped cluster again and wait until it is ready",
		"pause":  "Freeze one cluster's API server: connections stay open and nothing answers",
		"resume": "Let a frozen API server go on",
	} {
		root.AddCommand(orderCommand(order, short))
	}
	return root
}

func buildCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Build the programs of a control plane where the cache lacks them, and print their folder",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := build(cmd)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), dir)
			return err
		},
	}
}

// build shows its progress on standard error: standard output is for results.
func build(cmd *cobra.Command) (binaries.Dir, error) {
	return binaries.Build(cmd.Context(), binaries.Module{GoMod: goMod, GoSum: goSum}, cmd.ErrOrStderr())
}

// dirFlag adds --dir; the function that it returns yields the absolute path.
func dirFlag(cmd *cobra.Command) func() (string, error) {
	dir := cmd.Flags().String("dir", "", "folder of the control plane")
	return func() (string, error) {
		if *dir == "" {
			return "", errors.New("name the control plane's folder in --dir")
		}
		return filepath.Abs(*dir)
	}
}
