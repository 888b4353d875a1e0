// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"
)

// Order tells the supervisor of a folder to stop, start, pause or resume one cluster, and returns when that is done.
func Order(ctx context.Context, dir, cluster, order string) error {
	return post(ctx, dir, "/clusters/"+cluster+"/"+order)
}

// Down ends the supervisor of a folder with all that it runs, and returns when it has ended.
func Down(ctx context.Context, dir string) error {
	if err := post(ctx, dir, "/down"); err != nil {
		return err
	}
	for {
		release, err := hold(dir)
		if err == nil {
			release()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

func post(ctx context.Context, dir, path string) error {
	var address control
	if err := readJSON(controlFile(dir), &address); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no control plane is ready in %s: start one with 'controlplane up'", dir)
	} else if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", address.Socket)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://controlplane"+path, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no control plane answers in %s: %w", dir, err)
	}
	defer response.Body.Close() //nolint:errcheck // the body has been read.
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the supervisor's answer: %w", err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return errors.New(strings.TrimSpace(string(body)))
	}
	return nil
}
