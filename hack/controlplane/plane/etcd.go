// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/capstan-dev/capstan/hack/controlplane/binaries"
	"github.com/capstan-dev/capstan/hack/controlplane/process"
)

const etcdFolder = "etcd"

// store is the one etcd; each cluster keeps its objects under a prefix of its own.
type store struct {
	url     string
	process *process.Process
}

func startEtcd(ctx context.Context, o Options) (store, error) {
	dir := filepath.Join(o.Dir, etcdFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return store{}, fmt.Errorf("make the folder of etcd: %w", err)
	}
	var started store
	err := onFreePort(func(port int) error {
		peerPort, err := freePort()
		if err != nil {
			return err
		}
		child, err := process.Start(process.Spec{
			Name: binaries.Etcd,
			Path: o.Binaries.Path(binaries.Etcd),
			Args: etcdFlags(dir, port, peerPort, o.Fsync),
			Log:  filepath.Join(dir, "etcd.log"),
		})
		if err != nil {
			return err
		}
		started = store{url: fmt.Sprintf("http://127.0.0.1:%d", port), process: child}
		err = await(ctx, child, started.probe)
		if err != nil {
			child.Stop(stopGrace)
		}
		return err
	})
	return started, err
}

func (s store) probe(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // the body has been read.
	body, err := io.ReadAll(io.LimitReader(response.Body, 1024))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answers %s: %s", response.Status, body)
	}
	return nil
}
