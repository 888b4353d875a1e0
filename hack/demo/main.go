// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows Capstan's main job on real clusters: one ApplicationSet deploys to every registered cluster, heals
// what is changed by hand, and follows a push; production takes what another person approved, and nothing else; a
// Rollout replaces its pods step by step.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	check := flag.Bool("check", false, "compare README.md with the story, and end, instead of staying up")
	dir := flag.String("dir", "", "where to keep everything; empty is a new temporary folder")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *dir, *check)
	cancel()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run plays the story in a folder of its own.
func run(ctx context.Context, dir string, check bool) (err error) {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if _, missing := os.Stat(filepath.Join(root, "hack", "demo")); missing != nil {
		return errors.New("run the demo from the root of the repository: make demo")
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "capstan-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	began := time.Now()
	s, err := newStory(ctx, root, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.world.Close()) }()
	if err := s.tell(ctx); err != nil {
		return err
	}
	s.say("The story took %.0f s, builds included.", time.Since(began).Seconds())
	if check {
		return s.compare(ctx, root)
	}
	s.invite()
	<-ctx.Done()
	return nil
}
