// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// build makes the server. To link it takes half a minute and gigabytes: packages of tests that run beside each other
// take turns in one folder, and who comes later finds it made. Each has a copy, which no later build replaces.
func (o Options) build(ctx context.Context) error {
	made := filepath.Join(o.Root, "_output", "capstan-apiserver")
	args := []string{"build", "-o", made}
	if o.Race {
		made += "-race"
		args = []string{"build", "-race", "-o", made}
	}
	for _, dir := range []string{o.Dir, filepath.Dir(made)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the server's folder: %w", err)
		}
	}
	release, err := hold(made + ".lock")
	if err != nil {
		return err
	}
	defer release()
	command := exec.CommandContext(ctx, "go", append(args, "./cmd/capstan-apiserver")...)
	command.Dir = o.Root
	command.Stdout, command.Stderr = o.Out, o.Out
	if err := command.Run(); err != nil {
		return fmt.Errorf("build capstan-apiserver: %w", err)
	}
	if err := duplicate(made, o.binary()); err != nil {
		return fmt.Errorf("copy capstan-apiserver: %w", err)
	}
	return nil
}

// hold waits until nobody else holds a file, and holds it until it is released.
func hold(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take turns: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("take turns: %w", errors.Join(err, file.Close()))
	}
	return func() { _ = file.Close() }, nil // Who closes it holds it no more.
}

// duplicate copies a program.
func duplicate(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // it was read from.
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
