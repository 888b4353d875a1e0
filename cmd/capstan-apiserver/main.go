// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Command capstan-apiserver serves Capstan's API and reconciles clusters with Git.
package main

import (
	"fmt"
	"os"
	// Sync windows name time zones, and images without a shell have none.
	_ "time/tzdata"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"

	"github.com/capstan-dev/capstan/pkg/render"
	"github.com/capstan-dev/capstan/pkg/server"
)

func main() {
	// A worker gives up its rights before it does anything else, flags and logs included.
	if len(os.Args) > 1 && os.Args[1] == render.WorkerArgument {
		exitOn(render.WorkerMain(os.Stdin, os.Stdout))
		return
	}
	command, err := server.NewCommand(genericapiserver.SetupSignalContext())
	exitOn(err)
	os.Exit(cli.Run(command))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
