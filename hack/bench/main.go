// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures what Capstan costs on a real control plane, beside a raw client that
// applies the same objects to the same cluster in the same run.
//
// It prints a table and writes JSON. Each scenario ends with a check of what is in the
// cluster; one that fails it counts for nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// settings is what the command line decides.
type settings struct {
	size     size
	foreign  int
	idle     int
	repeats  int
	out      string
	dir      string
	profiles string
	args     string
	clusters []string
}

func main() {
	var s settings
	var chosen, shape string
	flag.StringVar(&chosen, "scenario", strings.Join(usual(), ","),
		"scenarios, in the order to run: "+strings.Join(known(), ", "))
	flag.StringVar(&shape, "size", "300x3", "Applications and objects of each")
	flag.IntVar(&s.foreign, "foreign", 0, "objects in the cluster that are none of Capstan's")
	flag.IntVar(&s.idle, "idle", 180, "seconds of the idle scenario")
	flag.IntVar(&s.repeats, "repeats", 20, "commits and drifts whose latency is measured")
	flag.StringVar(&s.out, "out", filepath.Join("_output", "bench.json"), "where the JSON goes")
	flag.StringVar(&s.dir, "dir", "", "where to keep everything; empty is a new temporary folder")
	flag.StringVar(&s.profiles, "profiles", "", "a folder for CPU and heap profiles of each scenario; profiling costs CPU")
	flag.StringVar(&s.args, "args", "", "further flags of the server, separated by spaces")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s, shape, strings.Split(chosen, ","))
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run plays the scenarios in a folder of its own. What was measured is written also where a
// scenario fails.
func run(ctx context.Context, s settings, shape string, chosen []string) (err error) {
	if s.size, err = parseSize(shape); err != nil {
		return err
	}
	scenarios, err := choose(chosen)
	if err != nil {
		return err
	}
	if slices.Contains(chosen, "hanging") {
		s.clusters = []string{far}
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if _, missing := os.Stat(filepath.Join(root, "hack", "bench")); missing != nil {
		return errors.New("run the benchmark from the root of the repository: make bench")
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "capstan-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	b, err := newBench(ctx, root, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	var results []result
	for _, scenario := range scenarios {
		r := b.play(ctx, scenario)
		results = append(results, r...)
		if last := r[len(r)-1]; last.Fault != "" {
			err = fmt.Errorf("%s: %s", last.Scenario, last.Fault)
			break
		}
	}
	_, printed := os.Stdout.WriteString(table(results))
	return errors.Join(err, printed, write(s, results))
}
