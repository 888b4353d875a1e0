// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// origin is what to deploy from: one source, or several in their order.
type origin struct {
	sources []v1alpha1.ApplicationSource
	// several says that spec.sources is used, with however many entries.
	several bool
}

// originOf returns the sources to be deployed: the operation's where it has some, with the
// operation's revisions.
func originOf(app *v1alpha1.Application, sync *v1alpha1.SyncOperation) (origin, error) {
	if app.Spec.SourceHydrator != nil {
		return origin{}, errors.New("spec.sourceHydrator is not supported by this version")
	}
	if sync == nil {
		sync = &v1alpha1.SyncOperation{}
	}
	from := chosen(app, sync)
	if len(from.sources) == 0 {
		return origin{}, errors.New("spec.source.repoURL is empty: name the repository to deploy from")
	}
	for i, one := range from.sources {
		if one.RepoURL == "" {
			return origin{}, fmt.Errorf("%s.repoURL is empty: name the repository to deploy from", from.field(i))
		}
	}
	if err := from.set(sync); err != nil {
		return origin{}, err
	}
	return from, from.checkReferences()
}

// chosen copies the sources that are meant.
func chosen(app *v1alpha1.Application, sync *v1alpha1.SyncOperation) origin {
	switch {
	case len(sync.Sources) > 0:
		return origin{sources: sync.Sources.DeepCopy(), several: true}
	case sync.Source != nil:
		return origin{sources: []v1alpha1.ApplicationSource{*sync.Source.DeepCopy()}}
	case len(app.Spec.Sources) > 0:
		return origin{sources: app.Spec.Sources.DeepCopy(), several: true}
	case app.Spec.Source != nil:
		return origin{sources: []v1alpha1.ApplicationSource{*app.Spec.Source.DeepCopy()}}
	}
	return origin{}
}

// set puts the operation's revisions in the place of the sources' own.
func (o origin) set(sync *v1alpha1.SyncOperation) error {
	if len(sync.Revisions) > 0 && len(sync.Revisions) != len(o.sources) {
		return fmt.Errorf("operation.sync.revisions has %d entries for %d sources: "+
			"give one for each, an empty one to keep the source's own", len(sync.Revisions), len(o.sources))
	}
	for i, revision := range sync.Revisions {
		if revision != "" {
			o.sources[i].TargetRevision = revision
		}
	}
	if sync.Revision == "" || len(sync.Revisions) > 0 {
		return nil
	}
	if len(o.sources) > 1 {
		return errors.New("a single revision is asked for, but spec.sources has several sources: set revisions")
	}
	o.sources[0].TargetRevision = sync.Revision
	return nil
}

// checkReferences fails where names of sources cannot be told apart.
func (o origin) checkReferences() error {
	refs, names := map[string]bool{}, map[string]bool{}
	for i, one := range o.sources {
		switch {
		case one.Name != "" && names[one.Name]:
			return fmt.Errorf("%s.name %q is that of another source: give each its own", o.field(i), one.Name)
		case one.Ref == "":
		case !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(one.Ref):
			return fmt.Errorf("%s.ref %q may hold letters, digits, - and _ only", o.field(i), one.Ref)
		case one.Chart != "":
			return fmt.Errorf("%s.ref: a chart has no files to refer to: remove ref, or chart", o.field(i))
		case refs[one.Ref]:
			return fmt.Errorf("%s.ref %q is that of another source: give each its own", o.field(i), one.Ref)
		}
		names[one.Name], refs[one.Ref] = true, true
	}
	return nil
}

// field names a source as the spec does.
func (o origin) field(i int) string {
	if o.several {
		return fmt.Sprintf("spec.sources[%d]", i)
	}
	return "spec.source"
}

// about names the source that an error is of, where there are several.
func (o origin) about(i int, err error) error {
	if !o.several {
		return err
	}
	return fmt.Errorf("%s: %w", o.field(i), err)
}

// referenceOnly reports that a source renders nothing: it lends its files to others.
func (o origin) referenceOnly(i int) bool {
	return o.several && o.sources[i].Ref != "" && o.sources[i].Path == "" && o.sources[i].Chart == ""
}

func (o origin) digest() manifest.Digest {
	data, err := json.Marshal(o.sources)
	if err != nil {
		return manifest.Digest{}
	}
	return manifest.DigestOf(data)
}
