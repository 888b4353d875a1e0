// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Replica is one of several servers over one store.
type Replica struct {
	options Options
	args    []string
	dir     string
	port    int
	// probe is the path that tells whether it is ready.
	probe   string
	process *process
}

// URL is where the replica listens.
func (r *Replica) URL() string { return "https://127.0.0.1:" + strconv.Itoa(r.port) }

// LogFile is where the replica logs to.
func (r *Replica) LogFile() string { return filepath.Join(r.dir, "capstan.log") }

// Running reports whether the replica was started and neither stopped nor killed.
func (r *Replica) Running() bool { return r.process != nil }

func (r *Replica) launch() (err error) {
	r.process, err = launch(r.options.binary(), r.LogFile(), r.args...)
	return err
}

// ready returns when the readiness probe of the manifest succeeds.
func (r *Replica) ready(ctx context.Context) error {
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // so do the probes of a kubelet.
	}}
	defer client.CloseIdleConnections()
	for {
		status, err := get(ctx, &client, r.URL()+r.probe)
		if status == http.StatusOK {
			return nil
		}
		if ended, why := r.process.failure(); ended {
			return fmt.Errorf("the replica ended (see %s): %w", r.LogFile(), errors.Join(why, err))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the replica is not ready (see %s): status %d: %w", r.LogFile(), status,
				errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, client *http.Client, url string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// Freeze stops the process where it is, and Thaw lets it go on there.
func (r *Replica) Freeze() error { return r.process.command.Process.Signal(syscall.SIGSTOP) }

// Thaw lets a process go on that was frozen.
func (r *Replica) Thaw() error { return r.process.command.Process.Signal(syscall.SIGCONT) }

// Stop ends the replica in order, as a kubelet does.
func (r *Replica) Stop() error { return r.end(syscall.SIGTERM) }

// Kill ends the replica without warning.
func (r *Replica) Kill() error { return r.end(syscall.SIGKILL) }

// Stop ends replicas in order, all at the same time.
func Stop(replicas ...*Replica) error {
	errs := make([]error, len(replicas))
	var stopping sync.WaitGroup
	for i, replica := range replicas {
		stopping.Go(func() { errs[i] = replica.Stop() })
	}
	stopping.Wait()
	return errors.Join(errs...)
}

func (r *Replica) end(signal syscall.Signal) error {
	if r.process == nil {
		return nil
	}
	err := r.process.end(signal)
	r.process = nil
	return err
}
