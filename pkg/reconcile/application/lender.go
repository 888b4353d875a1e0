// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/render"
	"github.com/capstan-dev/capstan/pkg/source"
)

// lender lends charts what they depend on, as far as the project permits.
type lender struct {
	sources Sources
	owner   *v1alpha1.AppProject
	helm    *v1alpha1.ApplicationSourceHelm
}

var _ render.Dependencies = lender{}

// Origin names a repository that the project permits, and what it is read with.
func (l lender) Origin(repository string) (string, error) {
	if err := project.PermitsSource(l.owner, repository); err != nil {
		return "", err
	}
	return l.sources.ChartOrigin(l.from(repository, "", ""), l.owner.Name)
}

// Chart reads a chart of a repository that the project permits.
func (l lender) Chart(ctx context.Context, repository, name, version string) (source.Tree, error) {
	if err := project.PermitsSource(l.owner, repository); err != nil {
		return nil, err
	}
	snapshot, err := l.sources.Chart(ctx, l.from(repository, name, version), l.owner.Name)
	if err != nil {
		return nil, err
	}
	return snapshot.Tree, nil
}

func (l lender) from(repository, name, version string) v1alpha1.ApplicationSource {
	from := v1alpha1.ApplicationSource{RepoURL: repository, Chart: name, TargetRevision: version}
	if l.helm != nil {
		from.Helm = &v1alpha1.ApplicationSourceHelm{PassCredentials: l.helm.PassCredentials}
	}
	return from
}

// modules lends the submodules of Git repositories, as far as the project permits their own URLs. Each is read with the
// credentials of its own URL: those of the repository that names it are for that one alone.
type modules struct {
	sources Sources
	owner   *v1alpha1.AppProject
}

var _ render.Submodules = modules{}

// submodules lends those that a pass may read, nil where none are read.
func (r *Reconciler) submodules(p *pass) render.Submodules {
	if !r.Submodules {
		return nil
	}
	return modules{sources: r.Sources, owner: p.owner}
}

// Origin names a repository that the project permits, and what it is read with.
func (m modules) Origin(repository string) (string, error) {
	if err := project.PermitsSource(m.owner, repository); err != nil {
		return "", err
	}
	return m.sources.Origin(repository, m.owner.Name)
}

// Commit reads a commit of a repository that the project permits.
func (m modules) Commit(ctx context.Context, repository, commit string) (source.Tree, error) {
	if err := project.PermitsSource(m.owner, repository); err != nil {
		return nil, err
	}
	snapshot, err := m.sources.Snapshot(ctx, repository, commit, "", m.owner.Name)
	if err != nil {
		return nil, err
	}
	return snapshot.Tree, nil
}
