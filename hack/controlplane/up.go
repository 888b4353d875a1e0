// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"

	"github.com/capstan-dev/capstan/hack/controlplane/plane"
)

func upCommand() *cobra.Command {
	var options plane.Options
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run control planes until interrupted; ready.json is there once all are ready",
		Args:  cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&options.Clusters, "clusters", []string{"hub"}, "names of the clusters")
	flags.BoolVar(&options.Audit, "audit", false, "write every request to <dir>/<cluster>/audit.log")
	flags.BoolVar(&options.Fsync, "fsync", false, "let etcd survive a crash of the machine")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if options.Dir, err = dir(); err != nil {
			return err
		}
		if options.Binaries, err = build(cmd); err != nil {
			return err
		}
		options.Out = cmd.OutOrStdout()
		return up(cmd, options)
	}
	return cmd
}

// up keeps the chatter of client libraries out of the terminal.
func up(cmd *cobra.Command, options plane.Options) error {
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(options.Dir, "supervisor.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the supervisor's log: %w", err)
	}
	defer log.Close() //nolint:errcheck // nothing can be done about a log that is lost.
	klog.SetLogger(textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(log))))
	return plane.Run(cmd.Context(), options)
}
