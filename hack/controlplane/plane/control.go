// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// control is the content of control.json: where the supervisor listens for orders. The socket is not in the folder
// itself, because the path of a socket is short by law (108 bytes) and that of a test's folder is not.
type control struct {
	Socket string `json:"socket"`
}

func controlFile(dir string) string { return filepath.Join(dir, "control.json") }

// serveControl takes orders until the context ends.
func (p *plane) serveControl(ctx context.Context, down context.CancelFunc) error {
	dir, err := os.MkdirTemp("", "controlplane-")
	if err != nil {
		return fmt.Errorf("make a folder for the control socket: %w", err)
	}
	path := filepath.Join(dir, "socket")
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("listen for orders: %w", err)
	}
	server := &http.Server{Handler: p.handler(ctx, down), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() {
		_ = server.Close() // All orders end with the context.
		_ = os.RemoveAll(dir)
	})
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.failures.report(fmt.Errorf("take orders: %w", err))
		}
	}()
	return writeJSON(controlFile(p.options.Dir), control{Socket: path})
}

// handler serves the orders. What a start begins lives as long as the context, not only as long as the request.
func (p *plane) handler(ctx context.Context, down context.CancelFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		// The answer leaves before the end begins.
		time.AfterFunc(10*time.Millisecond, down)
	})
	mux.HandleFunc("POST /clusters/{cluster}/{order}", func(w http.ResponseWriter, r *http.Request) {
		if err := p.obey(ctx, r.PathValue("cluster"), r.PathValue("order")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	return mux
}

func (p *plane) obey(ctx context.Context, name, order string) error {
	cluster, found := p.clusters[name]
	if !found {
		return fmt.Errorf("there is no cluster %q", name)
	}
	var err error
	switch order {
	case "stop":
		cluster.stop()
	case "start":
		err = cluster.start(ctx)
	case "pause":
		err = cluster.signal(syscall.SIGSTOP)
	case "resume":
		err = cluster.signal(syscall.SIGCONT)
	default:
		err = fmt.Errorf("unknown order %q", order)
	}
	return errors.Join(err, p.describe())
}

// hold makes this process the only supervisor of the folder. The kernel lets go when the process ends.
func hold(dir string) (release func(), err error) {
	file, err := os.OpenFile(lockFile(dir), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("a control plane runs in %s already: stop it with 'controlplane down'", dir)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { _ = file.Close() }, nil
}

func lockFile(dir string) string { return filepath.Join(dir, "lock") }
