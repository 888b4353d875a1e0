// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package window_test

import (
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/window"
)

func TestAWindowTellsWhenItIsOpenAndWhenThatChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		schedule string
		lasts    time.Duration
		zone     string
		at       string
		open     bool
		changes  string
	}{
		"closed before its start":                   {"0 22 * * *", time.Hour, "", "2026-11-24T21:59:59Z", false, "2026-11-24T22:00:00Z"},
		"open from its start":                       {"0 22 * * *", time.Hour, "", "2026-11-24T22:00:00Z", true, "2026-11-24T23:00:00Z"},
		"closed from its end":                       {"0 22 * * *", time.Hour, "", "2026-11-24T23:00:00Z", false, "2026-11-25T22:00:00Z"},
		"open over the end of a year":               {"0 0 24 12 *", 240 * time.Hour, "", "2027-01-02T12:00:00Z", true, "2027-01-03T00:00:00Z"},
		"by the clocks of its zone":                 {"0 22 * * *", time.Hour, "Europe/Berlin", "2026-07-24T20:30:00Z", true, "2026-07-24T21:00:00Z"},
		"and in winter":                             {"0 22 * * *", time.Hour, "Europe/Berlin", "2026-11-24T21:30:00Z", true, "2026-11-24T22:00:00Z"},
		"for as long as it lasts, when clocks turn": {"0 1 * * *", 3 * time.Hour, "Europe/Berlin", "2026-10-25T01:59:00Z", true, "2026-10-25T02:00:00Z"},
		"always where its openings overlap":         {"0 * * * *", 90 * time.Minute, "", "2026-11-24T12:45:00Z", true, "2026-11-24T13:00:00Z"},
		"never where it never starts":               {"0 0 31 2 *", time.Hour, "", "2026-11-24T12:00:00Z", false, "0001-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := window.New(test.schedule, test.lasts, test.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			if open := w.Open(at); open != test.open {
				t.Errorf("open is %t", open)
			}
			if changes := w.Changes(at).UTC().Format(time.RFC3339); changes != test.changes {
				t.Errorf("it changes at %s, want %s", changes, test.changes)
			}
		})
	}
}

func TestAWindowThatCannotBeReadIsNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		schedule string
		lasts    time.Duration
		zone     string
	}{
		"no schedule":                {"", time.Hour, ""},
		"a schedule of seconds":      {"0 0 22 * * *", time.Hour, ""},
		"a zone in the schedule":     {"CRON_TZ=Asia/Tokyo 0 22 * * *", time.Hour, ""},
		"a zone that nobody has":     {"0 22 * * *", time.Hour, "Mars/Olympus"},
		"one that lasts for no time": {"0 22 * * *", 0, ""},
	} {
		if _, err := window.New(test.schedule, test.lasts, test.zone); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}
