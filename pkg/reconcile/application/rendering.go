// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/render"
	"github.com/capstan-dev/capstan/pkg/source"
)

// rendering is what the sources of an Application say, with its bytes.
type rendering struct {
	snapshots []*source.Snapshot
	// several says that there are revisions, not a revision.
	several bool
	// outputs are what each source rendered; output is all of it, in the order of sources.
	outputs []render.Output
	output  render.Output
}

// whole reports that all sources could be read.
func (r rendering) whole() bool { return len(r.snapshots) > 0 }

// revisions are those of all sources.
func (r rendering) revisions() []string {
	revisions := make([]string, len(r.snapshots))
	for i, snapshot := range r.snapshots {
		revisions[i] = snapshot.Revision
	}
	return revisions
}

// text is one text for all revisions.
func (r rendering) text() string { return strings.Join(r.revisions(), ",") }

// single is the revision of a single source.
func (r rendering) single() string {
	if r.several {
		return ""
	}
	return r.text()
}

// listed are the revisions of several sources.
func (r rendering) listed() []string {
	if !r.several {
		return nil
	}
	return r.revisions()
}

// types are the tools of several sources.
func (r rendering) types() []v1alpha1.ApplicationSourceType {
	if !r.several {
		return nil
	}
	types := make([]v1alpha1.ApplicationSourceType, len(r.outputs))
	for i, output := range r.outputs {
		types[i] = output.Type
	}
	return types
}

func (r rendering) digests() []manifest.Digest {
	digests := make([]manifest.Digest, 0, len(r.outputs))
	for _, output := range r.outputs {
		digests = append(digests, output.Digest)
	}
	return digests
}

// revision is the commit of a single source that was looked at; where the repository cannot
// be read, the last one that was.
func (p *pass) revision() string {
	if p.read.whole() || p.desired == nil {
		return p.read.single()
	}
	if len(p.desired.revisions) > 0 {
		return ""
	}
	return p.desired.seen
}

// revisions are those of several sources that were looked at.
func (p *pass) revisions() []string {
	if p.read.whole() || p.desired == nil {
		return p.read.listed()
	}
	return p.desired.revisions
}

// shortened cuts commit ids and digests, and leaves the versions of charts as they are.
func shortened(revision string) string {
	const commit, shown, algorithm = 40, 7, "sha256:"
	if digest, ok := strings.CutPrefix(revision, algorithm); ok {
		return algorithm + digest[:min(len(digest), shown)]
	}
	if len(revision) == commit {
		return revision[:shown]
	}
	return revision
}

// snapshots resolves the revisions of all sources.
func (r *Reconciler) snapshots(ctx context.Context, owner *v1alpha1.AppProject, from origin) (rendering, error) {
	read := rendering{several: from.several}
	for i, one := range from.sources {
		if err := project.PermitsSource(owner, one.RepoURL); err != nil {
			return rendering{}, invalid(from.about(i, err))
		}
		snapshot, err := r.snapshot(ctx, one, owner.Name)
		if err != nil {
			return rendering{}, unreadable(from.about(i, err))
		}
		read.snapshots = append(read.snapshots, snapshot)
	}
	return read, nil
}

func (r *Reconciler) snapshot(
	ctx context.Context, from v1alpha1.ApplicationSource, owner string,
) (*source.Snapshot, error) {
	if from.Chart != "" {
		return r.Sources.Chart(ctx, from, owner)
	}
	return r.Sources.Snapshot(ctx, from.RepoURL, from.TargetRevision, from.TagPrefix, owner)
}

// render turns the snapshots into manifests.
func (r *Reconciler) render(ctx context.Context, p *pass) error {
	offered, err := p.target.Capabilities()
	if err != nil {
		return unreadable(err)
	}
	mounts := p.mounts()
	p.read.outputs = nil
	for i, one := range p.from.sources {
		if p.from.referenceOnly(i) {
			p.read.outputs = append(p.read.outputs, render.Output{})
			continue
		}
		if one.Chart != "" {
			// The tree of a chart is the chart.
			one.Path = ""
		}
		output, err := r.Renderer.Render(ctx, render.Input{
			Repository: one.RepoURL, Revision: p.read.snapshots[i].Revision, Tree: p.read.snapshots[i].Tree,
			Mounts: mounts, Source: one, Application: r.instanceName(p.app),
			Namespace: p.app.Spec.Destination.Namespace, Project: p.owner.Name, Destination: offered,
			Dependencies: lender{sources: r.Sources, owner: p.owner, helm: one.Helm},
			Submodules:   r.submodules(p),
			Plugins:      r.Plugins,
		})
		if err != nil {
			err = fmt.Errorf("revision %s: %w", shortened(p.read.snapshots[i].Revision), err)
			return unreadable(p.from.about(i, err))
		}
		p.read.outputs = append(p.read.outputs, output)
	}
	p.read.output = combine(p.read.outputs, p.from.several)
	return nil
}

// mounts are the trees that sources refer to.
func (p *pass) mounts() []render.Mount {
	var mounts []render.Mount
	for i, one := range p.from.sources {
		if p.from.several && one.Ref != "" {
			mounts = append(mounts, render.Mount{Name: one.Ref, Repository: one.RepoURL, Tree: p.read.snapshots[i].Tree})
		}
	}
	return mounts
}

// combine puts what several sources rendered behind each other. What a single one rendered
// stays as it is.
func combine(outputs []render.Output, several bool) render.Output {
	if len(outputs) == 1 && !several {
		return outputs[0]
	}
	var all render.Output
	var digests []byte
	var unstable []string
	for _, output := range outputs {
		all.Manifests = append(all.Manifests, output.Manifests...)
		digests = append(digests, output.Digest[:]...)
		all.Submodules = all.Submodules || output.Submodules
		if output.Unstable != "" {
			unstable = append(unstable, output.Unstable)
		}
	}
	all.Digest, all.Unstable = manifest.DigestOf(digests), strings.Join(unstable, "; ")
	return all
}

// stored returns what the sources rendered, where all of it is still kept.
func (r *Reconciler) stored(outputs []manifest.Digest) ([]manifest.Manifest, bool) {
	var all []manifest.Manifest
	for _, digest := range outputs {
		if digest == (manifest.Digest{}) {
			continue
		}
		kept, found := r.Renderer.Stored(digest)
		if !found {
			return nil, false
		}
		all = append(all, kept...)
	}
	return slices.Clip(all), true
}
