// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/render"
	"github.com/capstan-dev/capstan/pkg/source"
)

// Sources reads repositories.
type Sources interface {
	// Snapshot returns the tree of a revision; it asks the remote at most once an interval.
	Snapshot(ctx context.Context, url, revision, tagPrefix, project string) (*source.Snapshot, error)
	// Chart returns the tree of a version of a chart from a chart repository or a registry.
	Chart(ctx context.Context, from v1alpha1.ApplicationSource, project string) (*source.Snapshot, error)
	// ChartOrigin names what a chart is read from and with; no server is asked.
	ChartOrigin(from v1alpha1.ApplicationSource, project string) (string, error)
	// Origin names what a Git repository is read from and with; no server is asked.
	Origin(url, project string) (string, error)
	// Authors returns who made the commits between one that was deployed, "" for none, and another; whole is false where
	// not all of them could be read.
	Authors(ctx context.Context, url, revision, before, project string) (authors []source.Author, whole bool, err error)
	// Invalidate makes the next Snapshot ask the remote.
	Invalidate(url string)
}

// Renderer renders, and keeps what it rendered.
type Renderer interface {
	render.Renderer
	// Stored returns the manifests of a digest, where they are still kept.
	Stored(digest manifest.Digest) ([]manifest.Manifest, bool)
}

// desired is what Git wants of an Application, without the bytes.
type desired struct {
	// made names what it was made from; the same inputs need no second look.
	made input
	// seen are the revisions that were looked at last, as one text.
	seen string
	// revision is the commit that last changed what is wanted: one that changes nothing for
	// this Application leaves it as it is, so that it costs no write. Of several sources it
	// is the text of all.
	revision   string
	sourceType v1alpha1.ApplicationSourceType
	// revisions and sourceTypes are of several sources, nil where there is one.
	revisions   []string
	sourceTypes []v1alpha1.ApplicationSourceType
	// outputs name what each source rendered.
	outputs  []manifest.Digest
	objects  []plan.Desired
	kinds    []schema.GroupKind
	repeated []manifest.Key
	// hooks run in a sync or a deletion; apart are the keys of all that is marked as a hook.
	hooks   []plan.Hook
	apart   []manifest.Key
	summary v1alpha1.ApplicationSummary
	// driven are the rules for what the Rollouts among the objects drive of the others.
	driven difference.Rules
	// unstable says what another render of the same would change.
	unstable string
	// submodules says that some of it is from submodules, whose authors are not those of the source.
	submodules bool
}

// input tells one desired state from another.
type input struct {
	source      manifest.Digest
	rendered    manifest.Digest
	application string
	namespace   string
	server      string
	// keeper is the name of the destination where the hub can keep objects for it.
	keeper string
	label  string
	// lenient lets objects through whose kind is yet to come.
	lenient bool
	// offered stands for what the destination serves, which templates may ask about.
	offered string
}

// from reports whether two inputs differ at most in what was rendered.
func (i input) from(other input) bool {
	other.rendered = i.rendered
	return i == other
}

// prepare makes manifests ready for a target and checks that the project permits them.
func (r *Reconciler) prepare(
	ctx context.Context, app *v1alpha1.Application, owner *v1alpha1.AppProject, to *cluster.Cluster, output render.Output,
) (plan.Prepared, error) {
	prepared, err := plan.Prepare(output.Manifests, plan.Destination{
		Application: r.instanceName(app),
		Label:       r.Settings().InstanceLabel,
		Namespace:   app.Spec.Destination.Namespace,
		Namespaced: func(gvk schema.GroupVersionKind) (bool, error) {
			return scope(ctx, to, output.Manifests, gvk)
		},
		Missing:     noKind,
		SkipMissing: optionsOf(app).SkipMissing,
		Cluster:     r.keeper(to),
	})
	if err != nil {
		return plan.Prepared{}, unreadable(r.unkept(to, err))
	}
	kept := map[manifest.Key]bool{}
	for _, wanted := range prepared.Desired {
		kept[wanted.Key] = wanted.Cluster != ""
		if err := r.permitKept(owner, to, wanted); err != nil {
			return plan.Prepared{}, invalid(err)
		}
	}
	place := permitted(to, "")
	for _, m := range slices.Concat(prepared.Manifests, prepared.HookManifests) {
		namespaced := m.Namespace != ""
		if err := project.PermitsResource(owner, m.Key, namespaced, place); err != nil {
			return plan.Prepared{}, invalid(err)
		}
		if kept[m.Key] || r.elsewhere(to) {
			continue
		}
		if err := r.permitPointing(owner, m); err != nil {
			return plan.Prepared{}, invalid(err)
		}
	}
	return prepared, nil
}

// inputOf names what a pass's desired state is made from.
func (r *Reconciler) inputOf(p *pass) input {
	offered := ""
	if known, err := p.target.Capabilities(); err == nil {
		offered = known.Digest()
	}
	return input{
		source: p.from.digest(), rendered: p.read.output.Digest, application: r.instanceName(p.app),
		namespace: p.app.Spec.Destination.Namespace, server: p.target.Server(), label: r.Settings().InstanceLabel,
		keeper:  r.keeper(p.target),
		lenient: optionsOf(p.app).SkipMissing,
		offered: offered,
	}
}

// summarize keeps of prepared manifests what outlives their bytes.
func (r *Reconciler) summarize(p *pass, prepared plan.Prepared, made input) *desired {
	return &desired{
		made: made, seen: p.read.text(), revision: p.read.text(),
		revisions: p.read.listed(), sourceTypes: p.read.types(), outputs: p.read.digests(),
		sourceType: p.read.output.Type, objects: prepared.Desired,
		hooks: prepared.Hooks, apart: keysOf(prepared.HookManifests),
		kinds:    kindsOf(slices.Concat(prepared.Manifests, prepared.HookManifests)),
		repeated: prepared.Repeated, summary: summaryOf(prepared.Manifests), driven: drivenBy(prepared.Manifests),
		unstable: p.read.output.Unstable, submodules: p.read.output.Submodules,
	}
}

func keysOf(manifests []manifest.Manifest) []manifest.Key {
	keys := make([]manifest.Key, 0, len(manifests))
	for _, m := range manifests {
		keys = append(keys, m.Key)
	}
	return keys
}

func kindsOf(objects []manifest.Manifest) []schema.GroupKind {
	seen := map[schema.GroupKind]bool{}
	var kinds []schema.GroupKind
	for _, object := range objects {
		if kind := object.GroupKind(); !seen[kind] {
			seen[kind] = true
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// kindsInUse are those that Git wants and those that earlier applies and hooks may have left.
func kindsInUse(wanted *desired, s *state) []schema.GroupKind {
	kinds := slices.Clone(wanted.kinds)
	add := func(kind schema.GroupKind) {
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	for _, kind := range s.promised {
		add(kind)
	}
	for key := range s.applied {
		add(key.GroupKind())
	}
	for _, entry := range s.written.Resources {
		if entry.Hook {
			add(schema.GroupKind{Group: entry.Group, Kind: entry.Kind})
		}
	}
	if s.run.active() {
		for _, id := range s.run.order {
			add(id.GroupKind())
		}
	}
	return kinds
}

// scope tells whether a kind is namespaced. A kind that the destination does not serve yet
// has the scope of its definition among the manifests.
func scope(
	ctx context.Context, to *cluster.Cluster, manifests []manifest.Manifest, gvk schema.GroupVersionKind,
) (bool, error) {
	served, err := to.Resource(ctx, gvk)
	var unserved *cluster.NoKindError
	if err == nil || !errors.As(err, &unserved) {
		return served.Namespaced, err
	}
	for _, m := range manifests {
		if m.Kind != "CustomResourceDefinition" {
			continue
		}
		if defined, isNamespaced := definition(m, gvk); defined {
			return isNamespaced, nil
		}
	}
	return false, err
}

// definition reads whether a manifest defines a kind, and its scope.
func definition(m manifest.Manifest, gvk schema.GroupVersionKind) (defined, namespaced bool) {
	object, err := m.Object()
	if err != nil {
		return false, false
	}
	group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
	scope, _, _ := unstructured.NestedString(object.Object, "spec", "scope")
	return group == gvk.Group && kind == gvk.Kind, scope == "Namespaced"
}

// unserved names a kind of changes that the destination does not serve yet although its
// definition is there: it takes a moment until discovery tells of it.
func unserved(ctx context.Context, p *pass, changes []plan.Change) string {
	defined := map[schema.GroupKind]bool{}
	for _, change := range p.plan.Changes {
		if !change.Defines.Empty() {
			defined[change.Defines] = true
		}
	}
	for _, change := range changes {
		if !defined[change.GroupKind()] || change.Action != plan.Apply {
			continue
		}
		if _, err := p.target.Discover(ctx, change.GroupKind().WithVersion(change.Version)); noKind(err) {
			return change.GroupKind().String()
		}
	}
	return ""
}
