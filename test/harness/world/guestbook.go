// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// GuestbookBase is what every cluster gets, in a version of the image.
func GuestbookBase(version string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: guestbook, labels: {app: guestbook}}
spec:
  replicas: 2
  selector: {matchLabels: {app: guestbook}}
  template:
    metadata: {labels: {app: guestbook}}
    spec:
      containers:
        - name: guestbook
          image: example.com/guestbook:` + version + `
          ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: guestbook}
spec: {selector: {app: guestbook}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: guestbook}
data: {greeting: hello}
`
}

const guestbookKustomization = "resources: [guestbook.yaml]\n"

// guestbookOverlay is the overlay of a cluster: its own number of replicas, and a namespace
// for what the seed's ApplicationSet leaves to be made.
func guestbookOverlay(replicas int) string {
	return fmt.Sprintf("resources: [../../base, namespace.yaml]\nreplicas: [{name: guestbook, count: %d}]\n", replicas)
}

const guestbookNamespace = "{apiVersion: v1, kind: Namespace, metadata: {name: guestbook}}\n"

// Guestbook makes the repository that the seed's ApplicationSet deploys from: a base, and an
// overlay for the hub and each further cluster.
func (w *World) Guestbook(ctx context.Context) (*gitserver.Repository, error) {
	files := map[string]string{
		"apps/guestbook/base/guestbook.yaml":     GuestbookBase("v1"),
		"apps/guestbook/base/kustomization.yaml": guestbookKustomization,
	}
	for i, name := range append([]string{"in-cluster"}, w.options.Clusters...) {
		overlay := "apps/guestbook/overlays/" + name
		files[overlay+"/kustomization.yaml"] = guestbookOverlay(i + 1)
		files[overlay+"/namespace.yaml"] = guestbookNamespace
	}
	return w.Git.Create(ctx, "gitops-repo", files)
}

// GuestbookSet is the seed's ApplicationSet, word for word but for the repository.
func GuestbookSet(repoURL string) string {
	return `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: guestbook
spec:
  generators:
    - clusters: {}
  template:
    metadata:
      name: '{{name}}-guestbook'
    spec:
      project: default
      source:
        repoURL: ` + repoURL + `
        targetRevision: HEAD
        path: apps/guestbook/overlays/{{name}}
      destination:
        server: '{{server}}'
        namespace: guestbook
      syncPolicy:
        automated:
          prune: true
          selfHeal: true
`
}
