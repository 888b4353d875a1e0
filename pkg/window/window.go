// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package window tells when a window of time is open that opens again and again.
//
// Input: a cron expression of five fields, a time zone, how long each opening lasts, a time. Output: whether the window
// is open then, and when that changes.
//
// Invariants: pure, no clock. A window is open from each of its starts for as long as it lasts; where openings overlap
// it stays open. What cannot be read is an error, and never a window that is closed for ever.
package window

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// Window is open again and again.
type Window struct {
	schedule cron.Schedule
	lasts    time.Duration
	zone     *time.Location
}

// New reads a window. The zone is a name of the time zone database, UTC where it is empty.
func New(schedule string, lasts time.Duration, zone string) (Window, error) {
	w := Window{lasts: lasts}
	var err error
	if strings.Contains(schedule, "TZ=") {
		return w, errors.New("schedule holds a time zone: use timeZone")
	}
	if w.schedule, err = cron.ParseStandard(schedule); err != nil {
		return w, fmt.Errorf("schedule %q is no cron expression of five fields: %w", schedule, err)
	}
	if lasts <= 0 {
		return w, fmt.Errorf("duration %q is not above zero", lasts)
	}
	if w.zone, err = time.LoadLocation(zone); err != nil {
		return w, fmt.Errorf("timeZone %q is not known: use a name such as Europe/Berlin", zone)
	}
	return w, nil
}

// start returns the first start after a time, zero for none within years.
func (w Window) start(after time.Time) time.Time { return w.schedule.Next(after.In(w.zone)) }

// Open reports whether the window is open at a time: it started at most its duration ago.
func (w Window) Open(at time.Time) bool {
	start := w.start(at.Add(-w.lasts))
	return !start.IsZero() && !start.After(at)
}

// Changes returns when the window opens or closes next, zero where it never does.
func (w Window) Changes(now time.Time) time.Time {
	next := w.start(now)
	if w.Open(now) {
		next = Earliest(next, w.start(now.Add(-w.lasts)).Add(w.lasts))
	}
	return next
}

// Earliest returns the earlier of two times, where zero is never.
func Earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
