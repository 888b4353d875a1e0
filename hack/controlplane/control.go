// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/capstan-dev/capstan/hack/controlplane/plane"
)

func downCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop a running control plane and wait until it has ended",
		Args:  cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path, err := dir()
		if err != nil {
			return err
		}
		return plane.Down(cmd.Context(), path)
	}
	return cmd
}

func orderCommand(order, short string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   order + " CLUSTER",
		Short: short,
		Args:  cobra.ExactArgs(1),
	}
	dir := dirFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path, err := dir()
		if err != nil {
			return err
		}
		return plane.Order(cmd.Context(), path, args[0], order)
	}
	return cmd
}

func logsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs [CLUSTER [COMPONENT]]",
		Short: "Show the end of the logs",
		Args:  cobra.MaximumNArgs(2),
	}
	dir := dirFlag(cmd)
	follow := cmd.Flags().BoolP("follow", "f", false, "show what is added, until interrupted")
	lines := cmd.Flags().Int("lines", 50, "lines of each file")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path, err := dir()
		if err != nil {
			return err
		}
		args = append(args, "", "")
		files, err := plane.Logs(path, args[0], args[1])
		if err != nil {
			return err
		}
		return tail(cmd, files, *lines, *follow)
	}
	return cmd
}

func tail(cmd *cobra.Command, files []string, lines int, follow bool) error {
	args := []string{"-n", strconv.Itoa(lines)}
	if follow {
		args = append(args, "-F")
	}
	show := exec.CommandContext(cmd.Context(), "tail", append(append(args, "--"), files...)...)
	show.Stdout, show.Stderr = cmd.OutOrStdout(), os.Stderr
	if err := show.Run(); err != nil && cmd.Context().Err() == nil {
		return fmt.Errorf("tail: %w", err)
	}
	return nil
}
