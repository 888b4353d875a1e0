// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// maxCauses bounds the causes that a Summary names.
const maxCauses = 3

// Resource is what one resource of an application adds to the application's health.
type Resource struct {
	// Key names the resource.
	Key manifest.Key
	// Health is the assessment of the live object; nil where no rule knows the kind or nothing
	// is live.
	Health *Health
	// Live tells whether the object exists.
	Live bool
	// Hook marks a hook, or an object that comparison ignores as extraneous: it is no part of
	// the application.
	Hook bool
	// Silent marks an object whose health does not count: annotated
	// argocd.argoproj.io/ignore-healthcheck, or the Application that manages itself.
	Silent bool
}

// Summary is the health of an application and the first resources that make it so, at most
// three; a healthy application has no causes.
type Summary struct {
	Status Status
	Causes []manifest.Key
}

// Summarize returns the worst health among an application's resources (as Argo CD 3.5:
// controller/health.go). An object that is missing does not count, since the sync status tells
// that already, unless nothing at all is live: then the application is Missing.
func Summarize(resources []Resource) Summary {
	summary := Summary{Status: Healthy}
	members, live := 0, 0
	for i := range resources {
		resource := &resources[i]
		if resource.Hook {
			continue
		}
		members++
		if !resource.Live {
			continue
		}
		live++
		if resource.counts() {
			summary.add(resource.Key, resource.Health.Status)
		}
	}
	if members > 0 && live == 0 {
		return Summary{Status: Missing}
	}
	return summary
}

// counts tells whether a live resource has a health that its application shares.
func (r *Resource) counts() bool {
	if r.Silent || r.Health == nil {
		return false
	}
	// A child Application that was never assessed says nothing of its parent.
	child := r.Key.Group == "argoproj.io" && r.Key.Kind == "Application"
	return !child || (r.Health.Status != Missing && r.Health.Status != Unknown)
}

func (s *Summary) add(key manifest.Key, status Status) {
	switch {
	case status.Worse(s.Status):
		s.Status, s.Causes = status, []manifest.Key{key}
	case status == s.Status && status != Healthy && len(s.Causes) < maxCauses:
		s.Causes = append(s.Causes, key)
	}
}

// Worse tells whether the status is worse than another; a status that is none of the six is
// worse than nothing.
func (s Status) Worse(than Status) bool { return s.rank() > than.rank() }

func (s Status) rank() int {
	switch s {
	case Suspended:
		return 1
	case Progressing:
		return 2
	case Missing:
		return 3
	case Degraded:
		return 4
	case Unknown:
		return 5
	case Healthy:
	}
	return 0
}
