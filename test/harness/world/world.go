// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package world is the stage of the demo and of the end-to-end tests: a hub and further
// clusters, a Git server with a guestbook, and Capstan in the hub.
//
// Input: a folder. Output: all of it running. Close ends it.
package world

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
)

// Hub is the name of the cluster that hosts Capstan.
const Hub = "hub"

// webhookKey signs what the Git server tells about pushes.
const webhookKey = "the demo's secret"

// Options says what to build.
type Options struct {
	// Root is the root of the repository.
	Root string
	// Dir keeps everything.
	Dir string
	// Clusters are the clusters beside the hub.
	Clusters []string
	// Args are further flags of the server.
	Args []string
	// Audit has every request to the clusters and to Capstan written down.
	Audit bool
	// Replicas runs the replicas of the overlay ha instead of one server. They have the flags of the manifest: Args are
	// not used, and Audit holds for the clusters alone.
	Replicas bool
	// Race builds the server with the race detector.
	Race bool
	// Out takes progress.
	Out io.Writer
}

// World is what runs.
type World struct {
	Plane *plane.Plane
	Git   *gitserver.Server
	// Capstan is the server, or Replicas are: the other one is nil.
	Capstan  *capstan.Server
	Replicas *capstan.Replicas
	options  Options
}

// New starts everything.
func New(ctx context.Context, options Options) (w *World, err error) {
	w = &World{options: options}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	w.Plane, err = plane.Start(ctx, plane.Options{
		Root: options.Root, Dir: filepath.Join(options.Dir, "plane"), Audit: options.Audit, Out: options.Out,
		Clusters: append([]string{Hub}, options.Clusters...),
	})
	if err != nil {
		return w, err
	}
	url, err := w.deploy(ctx)
	if err != nil {
		return w, err
	}
	if err := w.startGit(url + "/api/webhook"); err != nil {
		return w, err
	}
	if err := w.Hub().Apply(ctx, webhookSecret()); err != nil {
		return w, err
	}
	return w, w.start(ctx)
}

// deploy deploys Capstan and returns where it will listen.
func (w *World) deploy(ctx context.Context) (url string, err error) {
	options := capstan.Options{
		Root: w.options.Root, Dir: filepath.Join(w.options.Dir, "capstan"), Plane: w.Plane, Hub: Hub,
		Args: w.options.Args, Audit: w.options.Audit, Race: w.options.Race, Out: w.options.Out,
	}
	if w.options.Replicas {
		if w.Replicas, err = capstan.DeployReplicas(ctx, options); err != nil {
			return "", err
		}
		return w.Replicas.URL(), nil
	}
	if w.Capstan, err = capstan.Deploy(ctx, options); err != nil {
		return "", err
	}
	return w.Capstan.URL(), nil
}

func (w *World) start(ctx context.Context) error {
	if w.Replicas != nil {
		return w.Replicas.Start(ctx)
	}
	return w.Capstan.Start(ctx)
}

func (w *World) startGit(webhook string) (err error) {
	dir := filepath.Join(w.options.Dir, "git")
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of repositories: %w", err)
	}
	w.Git, err = gitserver.New(dir, gitserver.Options{
		Webhook: webhook, WebhookSecret: webhookKey,
		// The server's certificate is of an authority of its own, which the hub's APIServices name.
		WebhookClient: &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // loopback, and signed.
		}},
	})
	return err
}

func webhookSecret() string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Secret, metadata: {name: argocd-secret, namespace: %s},
  stringData: {webhook.github.secret: %q}}`, capstan.Namespace, webhookKey)
}

// Hub is kubectl as the administrator of the hub.
func (w *World) Hub() plane.Kubectl { return w.Plane.Kubectl(Hub) }

// Register registers a cluster as users of Argo CD do: by a Secret that holds the token of a
// ServiceAccount there.
func (w *World) Register(ctx context.Context, name string, labels map[string]string) error {
	there := w.Plane.Kubectl(name)
	if err := there.Apply(ctx, managerAccount); err != nil {
		return err
	}
	token, err := there.Run(ctx, "create", "token", "argocd-manager", "-n", "kube-system", "--duration", "8h")
	if err != nil {
		return err
	}
	authority, err := there.Run(ctx, "config", "view", "--raw", "-o",
		"jsonpath={.clusters[0].cluster.certificate-authority-data}")
	if err != nil {
		return err
	}
	secret, err := clusterSecret(name, w.Plane.Clusters[name].Server, token, authority, labels)
	if err != nil {
		return err
	}
	return w.Hub().Apply(ctx, secret)
}

const managerAccount = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: argocd-manager, namespace: kube-system}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: argocd-manager},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin},
  subjects: [{kind: ServiceAccount, name: argocd-manager, namespace: kube-system}]}
`

func clusterSecret(name, server, token, authority string, labels map[string]string) (string, error) {
	config, err := json.Marshal(map[string]any{
		"bearerToken": token, "tlsClientConfig": map[string]any{"caData": authority},
	})
	if err != nil {
		return "", fmt.Errorf("write the cluster's config: %w", err)
	}
	all := map[string]string{"argocd.argoproj.io/secret-type": "cluster"}
	for key, value := range labels {
		all[key] = value
	}
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	secret, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata": map[string]any{"name": "cluster-" + name, "namespace": capstan.Namespace, "labels": all},
		"data": map[string]string{
			"name": encoded(name), "server": encoded(server), "config": encoded(string(config)),
		},
	})
	return string(secret), err
}

// Close ends everything; errors of what ends are joined.
func (w *World) Close() error {
	var errs []error
	if w.Capstan != nil {
		errs = append(errs, w.Capstan.Stop())
	}
	if w.Replicas != nil {
		errs = append(errs, w.Replicas.Stop())
	}
	if w.Git != nil {
		w.Git.Close()
	}
	if w.Plane != nil {
		errs = append(errs, w.Plane.Stop())
	}
	return errors.Join(errs...)
}
