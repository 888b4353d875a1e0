// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// etcd is an etcd of one member that knows its clients by their certificates.
type etcd struct {
	url string
	// server and client are certificates that sign themselves: each trusts the other's.
	server, client transport.TLSInfo
	process        *process
}

// startEtcd runs the etcd of the control planes' programs and returns when it answers.
func startEtcd(ctx context.Context, binary, dir string) (*etcd, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of etcd: %w", err)
	}
	e := &etcd{}
	var err error
	host := []string{"127.0.0.1:0"}
	if e.server, err = transport.SelfCert(zap.NewNop(), filepath.Join(dir, "server"), host, 1); err != nil {
		return nil, fmt.Errorf("make the certificate of etcd: %w", err)
	}
	e.client, err = transport.SelfCert(zap.NewNop(), filepath.Join(dir, "client"), host, 1, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of etcd's clients: %w", err)
	}
	clients, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	peers, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	e.url = fmt.Sprintf("https://127.0.0.1:%d", clients)
	peer := fmt.Sprintf("http://127.0.0.1:%d", peers)
	e.process, err = launch(binary, filepath.Join(dir, "etcd.log"),
		"--data-dir", filepath.Join(dir, "data"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", e.url, "--advertise-client-urls", e.url,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer,
		"--cert-file", e.server.CertFile, "--key-file", e.server.KeyFile,
		"--client-cert-auth", "--trusted-ca-file", e.client.CertFile)
	if err != nil {
		return nil, err
	}
	return e, e.answers(ctx)
}

// answers returns when etcd serves a client that shows its certificate.
func (e *etcd) answers(ctx context.Context) error {
	tls := e.client
	tls.TrustedCAFile = e.server.CertFile
	config, err := tls.ClientConfig()
	if err != nil {
		return fmt.Errorf("use the certificate of etcd's clients: %w", err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{e.url}, TLS: config, Logger: zap.NewNop()})
	if err != nil {
		return fmt.Errorf("connect to etcd: %w", err)
	}
	defer client.Close() //nolint:errcheck // it was asked for an answer alone.
	for {
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		_, err := client.Get(attempt, "ready")
		cancel()
		if err == nil {
			return nil
		}
		if ended, why := e.process.failure(); ended {
			return fmt.Errorf("etcd ended: %w", errors.Join(why, err))
		}
		if ctx.Err() != nil {
			return fmt.Errorf("etcd does not answer: %w", errors.Join(ctx.Err(), err))
		}
	}
}

func (e *etcd) stop() error { return e.process.end(syscall.SIGTERM) }
