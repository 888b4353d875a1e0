// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"
)

const (
	// etcdQuotaBytes is the size at which the embedded etcd refuses writes, the largest that etcd recommends.
	etcdQuotaBytes = 8 << 30
	// etcdDefragMegabytes is the free space that makes a start defragment the file.
	etcdDefragMegabytes = 128
	// etcdSnapshotEntries is how many entries of its log etcd holds in memory at most, in objects as large as they are
	// stored; etcdCatchUpEntries remain after a snapshot, for members that are behind, of which there are none.
	etcdSnapshotEntries = 1000
	etcdCatchUpEntries  = 10
	// etcdTickMilliseconds is short, so that a single member elects itself in a fraction of a second, and no shorter,
	// because each tick wakes the process. etcdElectionTicks is the least that etcd accepts.
	etcdTickMilliseconds = 100
	etcdElectionTicks    = 5
	// etcdBatchInterval is how long etcd gathers writes to its database; its log has them at once.
	etcdBatchInterval = 500 * time.Millisecond
	// maxSocketPath is what sockaddr_un holds on every Unix, less room for the file's name.
	maxSocketPath = 80
)

// EtcdOptions says where an embedded etcd keeps its data.
type EtcdOptions struct {
	// Dir is the data directory; it is created with mode 0700 and belongs to one process at a time.
	Dir string
	// UnsafeNoFsync skips fsync. A crash of the machine then loses data: for tests alone.
	UnsafeNoFsync bool
}

// Etcd is an embedded, single-member etcd that listens on a Unix socket that no other local user can open.
type Etcd struct {
	server    *embed.Etcd
	endpoint  string
	lock      *os.File
	socketDir string
	ownsDir   bool
	logLevel  zap.AtomicLevel
}

// StartEtcd starts an embedded etcd and returns when it serves. It fails when the directory is in use.
func StartEtcd(ctx context.Context, opts EtcdOptions) (*Etcd, error) {
	e := &Etcd{logLevel: zap.NewAtomicLevelAt(zap.ErrorLevel)}
	if err := e.start(ctx, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded etcd in %s: %w", opts.Dir, err), e.Close())
	}
	return e, nil
}

func (e *Etcd) start(ctx context.Context, opts EtcdOptions) error {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return err
	}
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err = e.acquire(dir); err != nil {
		return err
	}
	if err = e.chooseSocketDir(dir); err != nil {
		return err
	}
	cfg := e.config(dir, opts.UnsafeNoFsync)
	if e.server, err = embed.StartEtcd(cfg); err != nil {
		return err
	}
	select {
	case <-e.server.Server.ReadyNotify():
		return nil
	case err := <-e.server.Err():
		return err
	case <-e.server.Server.StopNotify():
		return errors.New("stopped before it was ready")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// acquire locks the directory: a second process would otherwise remove the sockets of the first.
func (e *Etcd) acquire(dir string) error {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	e.lock = lock
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another process uses this directory, stop it or choose another --data-dir: %w", err)
	}
	return nil
}

func (e *Etcd) chooseSocketDir(dir string) error {
	e.socketDir = filepath.Join(dir, "run")
	if len(e.socketDir) <= maxSocketPath {
		return os.MkdirAll(e.socketDir, 0o700)
	}
	short, err := os.MkdirTemp("", "capstan-etcd-")
	e.socketDir, e.ownsDir = short, err == nil
	return err
}

func (e *Etcd) config(dir string, noFsync bool) *embed.Config {
	client := url.URL{Scheme: "unix", Path: filepath.Join(e.socketDir, "client")}
	e.endpoint = client.String()

	cfg := embed.NewConfig()
	cfg.Dir = filepath.Join(dir, "etcd")
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	// There are no peers to listen to; the advertised default is a name that nobody dials.
	cfg.ListenPeerUrls = nil
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.TickMs, cfg.ElectionMs = etcdTickMilliseconds, etcdElectionTicks*etcdTickMilliseconds
	cfg.BackendBatchInterval = etcdBatchInterval
	cfg.QuotaBackendBytes = etcdQuotaBytes
	cfg.BootstrapDefragThresholdMegabytes = etcdDefragMegabytes
	cfg.SnapshotCount, cfg.SnapshotCatchUpEntries = etcdSnapshotEntries, etcdCatchUpEntries
	cfg.UnsafeNoFsync = noFsync
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newEtcdLogger(e.logLevel))
	return cfg
}

// newEtcdLogger writes etcd's errors to stderr.
func newEtcdLogger(level zapcore.LevelEnabler) *zap.Logger {
	encoder := zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig())
	return zap.New(firstStartCore{zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), level)}, zap.WithCaller(false))
}

// firstStartCore leaves out what etcd says of every new store before its first batch is on disk.
type firstStartCore struct {
	zapcore.Core
}

// Check implements zapcore.Core.
func (c firstStartCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if entry.Message == "failed to update storage version" {
		return checked
	}
	return c.Core.Check(entry, checked)
}

// Endpoint is the URL for --etcd-servers.
func (e *Etcd) Endpoint() string {
	return e.endpoint
}

// Close stops etcd and frees its directory. Call it after every client has stopped.
func (e *Etcd) Close() error {
	var errs []error
	if e.server != nil {
		// etcd logs the end of each of its own listeners as an error.
		e.logLevel.SetLevel(zap.FatalLevel)
		e.server.Close()
		e.server = nil
	}
	if e.ownsDir {
		errs = append(errs, os.RemoveAll(e.socketDir))
	}
	if e.lock != nil {
		errs = append(errs, e.lock.Close())
		e.lock = nil
	}
	return errors.Join(errs...)
}
