// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/hack/controlplane/process"
)

const (
	startTimeout = 5 * time.Minute
	pollInterval = 50 * time.Millisecond
	portAttempts = 3
)

// await polls until the probe succeeds. It fails when the process ends, and after five minutes with the probe's error.
func await(ctx context.Context, child *process.Process, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-child.Done():
			return errors.Join(child.Failure(), ctx.Err())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (%w)", child.Name(), ctx.Err(), err)
		case <-time.After(pollInterval):
		}
	}
}

// onFreePort starts something that listens, again where somebody else took the port in between.
func onFreePort(start func(port int) error) error {
	for attempt := 1; ; attempt++ {
		port, err := freePort()
		if err != nil {
			return err
		}
		if err = start(port); err == nil || attempt == portAttempts || !portTaken(err) {
			return err
		}
	}
}

func portTaken(err error) bool { return strings.Contains(err.Error(), "address already in use") }
