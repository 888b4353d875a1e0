// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/source"
)

// The ConfigMaps that servers are recognised by, as Argo CD names them.
const (
	knownHostsMap   = "argocd-ssh-known-hosts-cm"
	certificatesMap = "argocd-tls-certs-cm"
)

// Snapshot reads a revision of a repository with the credentials that the project may use.
func (c *control) Snapshot(ctx context.Context, url, revision, tagPrefix, owner string) (*source.Snapshot, error) {
	request := source.Request{URL: url, Revision: revision, TagPrefix: tagPrefix}
	return c.read(ctx, request, owner)
}

// Authors reads who made the commits between two with the credentials that the project may use.
func (c *control) Authors(
	ctx context.Context, url, revision, before, owner string,
) (authors []source.Author, whole bool, err error) {
	request, err := c.trusted(source.Request{URL: url, Revision: revision}, owner)
	if err != nil {
		return nil, false, err
	}
	return c.repositories.Authors(ctx, request, before)
}

// Chart reads a version of a chart with the credentials that the project may use.
func (c *control) Chart(
	ctx context.Context, from argov1alpha1.ApplicationSource, owner string,
) (*source.Snapshot, error) {
	return c.read(ctx, chartRequest(from), owner)
}

// ChartOrigin names what a chart is read from and with, without reading it.
func (c *control) ChartOrigin(from argov1alpha1.ApplicationSource, owner string) (string, error) {
	// Of a repository alone nothing tells that it is one of charts.
	request, err := c.trustedBy(source.ChartCredentialsFrom, chartRequest(from), owner)
	if err != nil {
		return "", err
	}
	return c.repositories.ChartOrigin(request)
}

// Origin names what a Git repository is read from and with, without reading it.
func (c *control) Origin(url, owner string) (string, error) {
	request, err := c.trusted(source.Request{URL: url}, owner)
	if err != nil {
		return "", err
	}
	return c.repositories.Origin(request)
}

func chartRequest(from argov1alpha1.ApplicationSource) source.Request {
	return source.Request{
		URL: from.RepoURL, Chart: from.Chart, Revision: from.TargetRevision,
		PassCredentials: from.Helm != nil && from.Helm.PassCredentials != nil && *from.Helm.PassCredentials,
	}
}

func (c *control) read(ctx context.Context, request source.Request, owner string) (*source.Snapshot, error) {
	request, err := c.trusted(request, owner)
	if err != nil {
		return nil, err
	}
	return c.repositories.Snapshot(ctx, request)
}

// trusted adds the credentials that the project may use.
func (c *control) trusted(request source.Request, owner string) (source.Request, error) {
	if request.OfCharts() {
		return c.trustedBy(source.ChartCredentialsFrom, request, owner)
	}
	return c.trustedBy(source.CredentialsFrom, request, owner)
}

// credentialsFinder chooses among Secrets those for a repository of a kind.
type credentialsFinder func(secrets []*corev1.Secret, repository, project string) (source.Credentials, error)

func (c *control) trustedBy(find credentialsFinder, request source.Request, owner string) (source.Request, error) {
	secrets, err := c.host.secrets.List(labels.Everything())
	if err != nil {
		return source.Request{}, fmt.Errorf("list repository Secrets: %w", err)
	}
	credentials, err := find(secrets, request.URL, owner)
	if err != nil {
		return source.Request{}, err
	}
	trust := source.TrustFrom(c.host.setting(knownHostsMap), c.host.setting(certificatesMap))
	request.Credentials = credentials.Trusting(trust, request.URL)
	return request, nil
}

// Invalidate makes the next Snapshot of a repository ask its server.
func (c *control) Invalidate(url string) { c.repositories.Invalidate(url) }

// Run reads a SyncRun.
func (c *control) Run(ctx context.Context, namespace, name string) (*capstanv1alpha1.SyncRun, error) {
	return c.client.CapstanV1alpha1().SyncRuns(namespace).Get(ctx, name, metav1.GetOptions{})
}

// Project returns an AppProject, and whether it is there.
func (c *control) Project(name string) (*argov1alpha1.AppProject, bool) {
	found, err := c.own.Argoproj().V1alpha1().AppProjects().Lister().AppProjects(c.namespace).Get(name)
	return found, err == nil
}

// named is the cluster that a destination names by its server or by its name, and by one of them alone.
func (c *control) named(to argov1alpha1.ApplicationDestination) (*cluster.Cluster, error) {
	switch {
	case (to.Server == "") == (to.Name == ""):
		return nil, errors.New("a destination has a server or a name")
	case to.Server != "":
		return c.clusters.ByServer(to.Server)
	default:
		return c.clusters.ByName(to.Name)
	}
}

// Destination completes a destination with the other name of its cluster.
func (c *control) Destination(to argov1alpha1.ApplicationDestination) (project.Destination, bool) {
	known, err := c.named(to)
	if err != nil {
		return project.Destination{}, false
	}
	found := known.Destination()
	return project.Destination{
		Server: found.Server, Name: found.Name, Namespace: to.Namespace, Project: found.Project,
	}, true
}

// ControlPlane is the namespace whose Applications may be of any project.
func (c *control) ControlPlane() string { return c.namespace }
