// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
)

const localRepository = "file://"

// complete adds the charts that Chart.yaml depends on and charts/ does not hold, as helm
// dependency build would: in the versions of Chart.lock, where there is one.
func (t *templating) complete(loaded *chart.Chart) error {
	missing := missingDependencies(loaded)
	if len(missing) == 0 {
		return nil
	}
	versions, err := t.versions(loaded)
	if err != nil {
		return err
	}
	var added []*chart.Dependency
	for _, wanted := range versions {
		same := func(d *chart.Dependency) bool {
			return d.Name == wanted.Name && d.Version == wanted.Version && d.Repository == wanted.Repository
		}
		// A chart that two aliases stand for is there once.
		if !slices.Contains(missing, wanted.Name) || slices.ContainsFunc(added, same) {
			continue
		}
		found, err := t.dependency(wanted)
		if err != nil {
			return err
		}
		loaded.AddDependency(found)
		added = append(added, wanted)
	}
	if missing = missingDependencies(loaded); len(missing) > 0 {
		return fault(ReasonInvalid, t.work.root, "Chart.lock does not name %s, which Chart.yaml depends on: "+
			"run helm dependency update and commit Chart.lock", strings.Join(missing, ", "))
	}
	return nil
}

// missingDependencies returns the names of dependencies that are not there.
func missingDependencies(loaded *chart.Chart) []string {
	var names []string
	for _, wanted := range loaded.Metadata.Dependencies {
		has := func(c *chart.Chart) bool { return c.Name() == wanted.Name }
		if !slices.ContainsFunc(loaded.Dependencies(), has) {
			names = append(names, wanted.Name)
		}
	}
	return names
}

// versions returns what to take: what Chart.lock says, where it belongs to Chart.yaml.
func (t *templating) versions(loaded *chart.Chart) ([]*chart.Dependency, error) {
	if loaded.Lock == nil {
		return loaded.Metadata.Dependencies, nil
	}
	if slices.Contains(loaded.Lock.Dependencies, nil) || !lockFits(loaded) {
		return nil, fault(ReasonInvalid, t.work.root, "Chart.lock was made for other dependencies than those of Chart.yaml: "+
			"run helm dependency update and commit Chart.lock")
	}
	return loaded.Lock.Dependencies, nil
}

// dependency returns one chart; what was read once serves for all runs.
func (t *templating) dependency(wanted *chart.Dependency) (*chart.Chart, error) {
	key := wanted.Name + "\x00" + wanted.Version + "\x00" + wanted.Repository
	files, known := t.lent[key]
	if !known {
		var err error
		if files, err = t.fetch(wanted); err != nil {
			return nil, err
		}
		t.lent[key] = files
	}
	found, err := loader.LoadFiles(buffered(files))
	switch {
	case err != nil:
		return nil, t.about(wanted, ReasonInvalid, "helm: %s", concise(err))
	case found.Name() != wanted.Name:
		return nil, t.about(wanted, ReasonInvalid, "the chart there has the name %q", found.Name())
	case !chartutil.IsCompatibleRange(cmp.Or(wanted.Version, "*"), found.Metadata.Version):
		return nil, t.about(wanted, ReasonInvalid, "the chart there has the version %s", found.Metadata.Version)
	}
	return found, nil
}

// fetch reads the files of a dependency: from this repository, or as the parent finds them.
func (t *templating) fetch(wanted *chart.Dependency) ([]file, error) {
	repository := wanted.Repository
	switch {
	case repository == "":
		return nil, t.about(wanted, ReasonNotFound, "charts/ does not hold it, and no repository is named: commit it there")
	case strings.HasPrefix(repository, localRepository):
		return t.local(wanted, strings.TrimPrefix(repository, localRepository))
	case strings.HasPrefix(repository, "@"), strings.HasPrefix(repository, "alias:"):
		return nil, t.about(wanted, ReasonUnsupported,
			"the name of a repository says nothing here: write its URL, or commit Chart.lock")
	}
	mount, err := t.work.pipe.chart(chartQuestion{Name: wanted.Name, Version: wanted.Version, Repository: repository})
	if err != nil {
		return nil, t.about(wanted, ReasonInvalid, "%w", err)
	}
	return links{tree: newRemoteTree(t.work.pipe, mount)}.chart(".")
}

// local reads a chart of the same repository, by its path from the chart.
func (t *templating) local(wanted *chart.Dependency, relative string) ([]file, error) {
	at := path.Join(t.work.root, relative)
	if path.IsAbs(relative) || !fs.ValidPath(at) {
		return nil, t.about(wanted, ReasonRefused, "the path leaves the repository: name a directory in it")
	}
	_, _, err := t.work.links.resolve(path.Join(at, "Chart.yaml"))
	if err != nil && missing(err) {
		return nil, t.about(wanted, ReasonNotFound, "no chart is there in this repository")
	}
	if err != nil {
		return nil, err
	}
	return t.work.links.chart(at)
}

// about words a fault of a dependency.
func (t *templating) about(wanted *chart.Dependency, reason Reason, format string, args ...any) error {
	from := chartQuestion{Name: wanted.Name, Version: wanted.Version, Repository: wanted.Repository}
	failed := fault(reason, t.work.root, format, args...)
	failed.Err = &DependencyError{Dependency: from.String(), Err: failed.Err}
	return failed
}
