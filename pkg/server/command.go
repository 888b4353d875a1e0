// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/rest"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/cli/globalflag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register" // --logging-format=json
	"k8s.io/component-base/term"
	"k8s.io/component-base/version"
	"k8s.io/component-base/version/verflag"
	"k8s.io/klog/v2"
)

// NewCommand returns the command of the server, which runs until the context ends.
func NewCommand(ctx context.Context) (*cobra.Command, error) {
	gate := utilfeature.DefaultMutableFeatureGate
	if err := logsapi.AddFeatureGates(gate); err != nil {
		return nil, err
	}
	options, err := NewOptions(NewAssembly(), gate)
	if err != nil {
		return nil, err
	}
	command := &cobra.Command{
		Use:   "capstan-apiserver",
		Short: "Serve Applications, Rollouts and their kin, and pull clusters to Git",
		Long: "capstan-apiserver is a Kubernetes aggregated API server for the kinds of Argo CD and Argo Rollouts.\n" +
			"It keeps them in a store of its own and reconciles clusters with Git.",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			// Warnings that this server sends to its own reconcilers are no news.
			rest.SetDefaultWarningHandler(rest.NoWarnings{})
			return options.Run.ComponentGlobalsRegistry.Set()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			verflag.PrintAndExitIfRequested()
			if err := logsapi.ValidateAndApply(options.Logs, gate); err != nil {
				return err
			}
			cliflag.PrintFlags(cmd.Flags())
			return run(cmd.Context(), options)
		},
	}
	command.SetContext(ctx)
	return command, addFlags(command, options)
}

func addFlags(command *cobra.Command, options *Options) error {
	var sets cliflag.NamedFlagSets
	if err := options.AddFlags(&sets); err != nil {
		return err
	}
	global := sets.FlagSet("global")
	verflag.AddFlags(global)
	globalflag.AddGlobalFlags(global, command.Name(), logs.SkipLoggingConfigurationFlags())
	for _, set := range sets.FlagSets {
		command.Flags().AddFlagSet(set)
	}
	width, _, err := term.TerminalSize(command.OutOrStdout())
	if err != nil {
		width = 0 // Not a terminal: the help is not wrapped.
	}
	cliflag.SetUsageAndHelpFunc(command, sets, width)
	return nil
}

// gcPercent has the garbage collector run more often than by default: the heap is small beside what requests leave
// behind, and half of the memory is worth a few percent of the CPU. The environment variable GOGC overrides it.
const gcPercent = 50

func run(ctx context.Context, options *Options) error {
	if _, chosen := os.LookupEnv("GOGC"); !chosen {
		debug.SetGCPercent(gcPercent)
	}
	klog.FromContext(ctx).Info("Starting capstan-apiserver", "version", version.Get().GitVersion)
	completed, err := options.Complete()
	if err != nil {
		return fmt.Errorf("complete the options: %w", err)
	}
	server, err := completed.New(ctx)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}
