// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

const (
	// Namespace is the control-plane namespace.
	Namespace = "argocd"
	account   = "capstan"
	// serviceName is the Service that the APIServices name.
	serviceName = "capstan-apiserver"
)

// Options says how to run the server.
type Options struct {
	// Root is the root of the repository.
	Root string
	// Dir keeps the binary, the data and the log.
	Dir string
	// Plane and Hub are where the server is registered.
	Plane *plane.Plane
	Hub   string
	// Args are further flags.
	Args []string
	// Audit has every request but the server's own written to its audit log.
	Audit bool
	// Race builds with the race detector.
	Race bool
	// Out takes what the build prints.
	Out io.Writer
}

func (o Options) kubectl() plane.Kubectl { return o.Plane.Kubectl(o.Hub) }

func (o Options) binary() string { return filepath.Join(o.Dir, "capstan-apiserver") }

func (o Options) kubeconfig() string { return filepath.Join(o.Dir, "capstan.kubeconfig") }

// apply applies an overlay of the manifests as the instructions say.
func (o Options) apply(ctx context.Context, overlay string) error {
	_, err := o.kubectl().Run(ctx, "apply", "-k", filepath.Join(o.Root, "artifacts", "deploy", overlay))
	return err
}

// logIn writes the kubeconfig of the ServiceAccount: what it may not do, the server cannot do.
func (o Options) logIn(ctx context.Context) error {
	token, err := o.kubectl().Run(ctx, "create", "token", account, "-n", Namespace, "--duration", "8h")
	if err != nil {
		return err
	}
	raw, err := o.kubectl().Run(ctx, "config", "view", "--raw", "-o",
		"jsonpath={.clusters[0].cluster.certificate-authority-data}")
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: hub
contexts: [{name: hub, context: {cluster: hub, user: %s}}]
clusters: [{name: hub, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: %s, user: {token: %s}}]
`, account, o.Plane.Clusters[o.Hub].Server, raw, account, token)
	return os.WriteFile(o.kubeconfig(), []byte(text), 0o600)
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close() //nolint:errcheck // it was listened on for its number alone.
	address, isTCP := listener.Addr().(*net.TCPAddr)
	if !isTCP {
		return 0, errors.New("find a free port: not a TCP address")
	}
	return address.Port, nil
}
