// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// orphansEvery is how often a destination's namespace is looked through for orphaned objects: nothing there is
// watched but what is managed.
const orphansEvery = 5 * time.Minute

// orphans is what was found the last time.
type orphans struct {
	count int
	// known says that they could be read once.
	known bool
	at    time.Time
}

// after is what is known once the destination was looked at: what could not be read changes nothing.
func (o orphans) after(found tree.Tree, err error, at time.Time) orphans {
	o.at = at
	if err == nil && (len(found.Unread) == 0 || len(found.Orphaned) > 0) {
		o.count, o.known = len(found.Orphaned), true
	}
	return o
}

// counted is what the metric shows, nil before they could be read.
func (o orphans) counted(project string) *orphanCount {
	if !o.known {
		return nil
	}
	return &orphanCount{project: project, count: o.count}
}

// orphaned counts the objects of the destination's namespace that belong to no Application, where the project asks
// for that, and says when to look again. What cannot be read leaves the count as it was.
func (r *Reconciler) orphaned(ctx context.Context, p *pass, s *state) time.Duration {
	settings := p.owner.Spec.OrphanedResources
	namespace := p.app.Spec.Destination.Namespace
	if settings == nil || settings.Warn != nil && !*settings.Warn || namespace == "" {
		s.orphans = orphans{}
		r.states.setOrphaned(p.app, nil)
		return 0
	}
	if wait := s.orphans.at.Add(orphansEvery).Sub(r.Clock.Now()); wait <= 0 {
		s.orphans = r.findOrphans(ctx, p, s)
	}
	r.states.setOrphaned(p.app, s.orphans.counted(projectName(p.app)))
	if s.orphans.count > 0 {
		p.problems = append(p.problems, v1alpha1.ApplicationCondition{
			Type:    v1alpha1.ApplicationConditionOrphanedResourceWarning,
			Message: fmt.Sprintf("Application has %d orphaned resources: applications/tree lists them", s.orphans.count),
		})
	}
	return s.orphans.at.Add(orphansEvery).Sub(r.Clock.Now())
}

func (r *Reconciler) findOrphans(ctx context.Context, p *pass, s *state) orphans {
	input := tree.Input{
		Instance: r.instanceName(p.app), OrphansIn: p.app.Spec.Destination.Namespace,
		Orphan: func(key manifest.Key) bool { return project.Orphaned(p.owner, key) },
	}
	for _, object := range p.desired.objects {
		input.Roots = append(input.Roots, tree.Root{Key: object.Key, Version: object.Version})
	}
	found, err := tree.Read(ctx, p.target, input)
	return s.orphans.after(found, err, r.Clock.Now())
}
