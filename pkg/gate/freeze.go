// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/window"
)

// Freeze is a time at which no Plan is applied: from From to To, where it has no schedule.
type Freeze struct {
	// Name and Reason are those that the policy gives it.
	Name, Reason string
	// From and To are when one begins and ends that is once; zero is always.
	From, To time.Time
	// Schedule, Lasts and TimeZone are when others begin, and for how long.
	Schedule string
	Lasts    time.Duration
	TimeZone string
}

// Frozen returns the freeze that is on at a time and ends last, nil where none is. A schedule that cannot be read
// freezes for ever.
func (r Requirement) Frozen(now time.Time) *argo.GateFreeze {
	var on *argo.GateFreeze
	for _, freeze := range r.Freezes {
		frozen, until := freeze.at(now)
		if !frozen || on != nil && (on.Until == nil || !until.IsZero() && !until.After(on.Until.Time)) {
			continue
		}
		on = &argo.GateFreeze{Name: freeze.Name, Reason: freeze.Reason}
		if !until.IsZero() {
			on.Until = &metav1.Time{Time: until.UTC()}
		}
	}
	return on
}

// at reports whether the freeze is on at a time, and until when; zero is for ever.
func (f Freeze) at(now time.Time) (bool, time.Time) {
	if f.Schedule == "" {
		begun := f.From.IsZero() || !now.Before(f.From)
		return begun && (f.To.IsZero() || now.Before(f.To)), f.To
	}
	recurs, err := window.New(f.Schedule, f.Lasts, f.TimeZone)
	if err != nil {
		return true, time.Time{}
	}
	if !recurs.Open(now) {
		return false, time.Time{}
	}
	return true, recurs.Changes(now)
}

// covers reports whether a freeze is on whenever another is; what cannot be told is not.
func (f Freeze) covers(other Freeze) bool {
	if f.Schedule != "" || other.Schedule != "" {
		return f.Schedule == other.Schedule && f.TimeZone == other.TimeZone && f.Lasts >= other.Lasts
	}
	begins := f.From.IsZero() || !other.From.IsZero() && !f.From.After(other.From)
	ends := f.To.IsZero() || !other.To.IsZero() && !f.To.Before(other.To)
	return begins && ends
}

// frozen holds what approvals let through while a freeze is on.
func (f Facts) frozen(granted Verdict) Verdict {
	freeze := f.Requirement.Frozen(f.Now)
	if freeze == nil {
		return granted
	}
	held := hold(ReasonFrozen, f.names("is approved, and waits: "+FreezeText(freeze)+f.look()))
	held.Freeze = freeze
	return held
}

// FreezeText says in words what a freeze is and when it ends.
func FreezeText(freeze *argo.GateFreeze) string {
	text := "freeze " + freeze.Name
	if freeze.Reason != "" {
		text += fmt.Sprintf(" (%s)", freeze.Reason)
	}
	if freeze.Until == nil {
		return text + " lasts until the policy is changed"
	}
	return text + " lasts at least until " + freeze.Until.UTC().Format(time.RFC3339)
}

func resolveFreezes(freezes []capstan.PolicyFreeze) []Freeze {
	resolved := make([]Freeze, 0, len(freezes))
	for _, freeze := range freezes {
		resolved = append(resolved, Freeze{
			Name: freeze.Name, Reason: freeze.Reason, From: timeOf(freeze.From), To: timeOf(freeze.To),
			Schedule: freeze.Schedule, Lasts: or(freeze.Duration, metav1.Duration{}).Duration, TimeZone: freeze.TimeZone,
		})
	}
	return allFreezes(resolved, nil)
}

func timeOf(at *metav1.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

// allFreezes are those of both, each once and in order.
func allFreezes(a, b []Freeze) []Freeze {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b Freeze) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.From.Compare(b.From), a.To.Compare(b.To),
			cmp.Compare(a.Schedule, b.Schedule), cmp.Compare(a.Lasts, b.Lasts), cmp.Compare(a.TimeZone, b.TimeZone),
			cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(all)
}

func easedFreezes(before, after []Freeze) []string {
	var eased []string
	for _, freeze := range before {
		if !slices.ContainsFunc(after, func(is Freeze) bool { return is.covers(freeze) }) {
			eased = append(eased, "freeze "+freeze.Name+" is taken away, or shorter")
		}
	}
	return eased
}
