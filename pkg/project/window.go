// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/window"
)

// Moment is when a sync is judged by windows, and what kind of sync it is.
type Moment struct {
	Now time.Time
	// Manual reports that a person asked for the sync.
	Manual bool
	// Began is when the sync in progress began, zero for one that is yet to begin.
	Began time.Time
}

// Opening is what the windows of a project say of a sync.
type Opening struct {
	// Closed says which window keeps the sync from going on, "" where none does.
	Closed string
	// Until is when the windows may say something else, zero where they never will.
	Until time.Time
}

// Wait is how long the windows say the same, zero where they always will.
func (o Opening) Wait(now time.Time) time.Duration {
	if o.Until.IsZero() {
		return 0
	}
	return o.Until.Sub(now)
}

// Windows judges a sync of an Application by spec.syncWindows (as Argo CD 3.5: types.go SyncWindows.CanSync):
// no active window may deny it, and where windows allow syncs, one of these has to be active. A window that cannot
// be read keeps closed what it is for.
func Windows(project *v1alpha1.AppProject, application string, to Destination, at Moment) Opening {
	var opening Opening
	var denying, active, inactive []syncWindow
	for i := range project.Spec.SyncWindows {
		spec := project.Spec.SyncWindows[i]
		if !concerns(spec, application, to) {
			continue
		}
		w, err := read(spec)
		if err != nil {
			return Opening{Closed: fmt.Sprintf("spec.syncWindows[%d].%s of AppProject %s", i, err, project.Name)}
		}
		w.label = fmt.Sprintf("spec.syncWindows[%d] of AppProject %s", i, project.Name)
		opening.Until = window.Earliest(opening.Until, w.Changes(at.Now))
		switch {
		case spec.Kind == "deny" && w.Open(at.Now):
			denying = append(denying, w)
		case spec.Kind == "allow" && w.Open(at.Now):
			active = append(active, w)
		case spec.Kind == "allow":
			inactive = append(inactive, w)
		}
	}
	if closed := denial(denying, at); closed != nil {
		opening.Closed = closed.label + " denies syncs now"
	} else if len(active) == 0 && len(inactive) > 0 && !exempt(inactive, at) {
		opening.Closed = inactive[0].label + " allows syncs only at other times"
	}
	if opening.Closed != "" && !opening.Until.IsZero() {
		opening.Closed += ", at least until " + opening.Until.UTC().Format(time.RFC3339)
	}
	return opening
}

// denial returns an active window that denies a sync: it lets no people through, nor a sync that began before it.
func denial(active []syncWindow, at Moment) *syncWindow {
	for i, w := range active {
		byHand := at.Manual && on(w.spec.ManualSync)
		overrun := on(w.spec.SyncOverrun) && !at.Began.IsZero() && !w.Open(at.Began)
		if !byHand && !overrun {
			return &active[i]
		}
	}
	return nil
}

// exempt reports whether a sync may go on while no window allows it: all windows let people through, or one lets
// a sync go on that began in it.
func exempt(inactive []syncWindow, at Moment) bool {
	byHand := at.Manual
	for _, w := range inactive {
		byHand = byHand && on(w.spec.ManualSync)
		if on(w.spec.SyncOverrun) && !at.Began.IsZero() && w.Open(at.Began) {
			return true
		}
	}
	return byHand
}

// concerns reports whether a window is for an Application: by what it names, any of it, or all with andOperator.
func concerns(spec v1alpha1.SyncWindow, application string, to Destination) bool {
	var named, fitting int
	for _, list := range []struct {
		patterns []string
		values   []string
	}{
		{spec.Applications, []string{application}}, {spec.Namespaces, []string{to.Namespace}},
		{spec.Clusters, []string{to.Name, to.Server}},
	} {
		if len(list.patterns) == 0 {
			continue
		}
		named++
		if anyMatches(list.patterns, list.values) {
			fitting++
		}
	}
	if on(spec.UseAndOperator) {
		return named > 0 && fitting == named
	}
	return fitting > 0
}

func anyMatches(patterns, values []string) bool {
	for _, pattern := range patterns {
		for _, value := range values {
			if value != "" && matches(pattern, value) {
				return true
			}
		}
	}
	return false
}

// syncWindow is a spec that was read.
type syncWindow struct {
	window.Window
	spec  v1alpha1.SyncWindow
	label string
}

func read(spec v1alpha1.SyncWindow) (syncWindow, error) {
	w := syncWindow{spec: spec}
	if spec.Kind != "allow" && spec.Kind != "deny" {
		return w, fmt.Errorf("kind is %q: set allow or deny", spec.Kind)
	}
	lasts, err := time.ParseDuration(spec.Duration)
	if err != nil || lasts <= 0 {
		return w, fmt.Errorf("duration %q is no duration such as 90m or 2h", spec.Duration)
	}
	w.Window, err = window.New(spec.Schedule, lasts, spec.TimeZone)
	return w, err
}
