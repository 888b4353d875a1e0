// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project_test

import (
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/project"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// nightly is from 22:00 to 23:00, for all Applications.
func nightly(kind string, change ...func(*v1alpha1.SyncWindow)) v1alpha1.SyncWindow {
	w := v1alpha1.SyncWindow{Kind: kind, Schedule: "0 22 * * *", Duration: "1h", Applications: []string{"*"}}
	for _, c := range change {
		c(&w)
	}
	return w
}

func manual(w *v1alpha1.SyncWindow)  { w.ManualSync = yes() }
func overrun(w *v1alpha1.SyncWindow) { w.SyncOverrun = yes() }
func berlin(w *v1alpha1.SyncWindow)  { w.TimeZone = "Europe/Berlin" }

func yes() *bool {
	value := true
	return &value
}

func TestWindows(t *testing.T) {
	t.Parallel()
	const night, day = "2026-11-24T22:30:00Z", "2026-11-24T12:00:00Z"
	for name, test := range map[string]struct {
		windows    []v1alpha1.SyncWindow
		now, began string
		byHand     bool
		open       bool
		until      string
	}{
		"no window":                               {nil, day, "", false, true, ""},
		"an allowing window, active":              {[]v1alpha1.SyncWindow{nightly("allow")}, night, "", false, true, "2026-11-24T23:00:00Z"},
		"an allowing window, inactive":            {[]v1alpha1.SyncWindow{nightly("allow")}, day, "", false, false, "2026-11-24T22:00:00Z"},
		"its first second":                        {[]v1alpha1.SyncWindow{nightly("allow")}, "2026-11-24T22:00:00Z", "", false, true, "2026-11-24T23:00:00Z"},
		"its end":                                 {[]v1alpha1.SyncWindow{nightly("allow")}, "2026-11-24T23:00:00Z", "", false, false, "2026-11-25T22:00:00Z"},
		"a denying window, active":                {[]v1alpha1.SyncWindow{nightly("deny")}, night, "", false, false, "2026-11-24T23:00:00Z"},
		"a denying window, inactive":              {[]v1alpha1.SyncWindow{nightly("deny")}, day, "", false, true, "2026-11-24T22:00:00Z"},
		"a denial counts more than a permit":      {[]v1alpha1.SyncWindow{nightly("allow"), nightly("deny")}, night, "", false, false, "2026-11-24T23:00:00Z"},
		"a person, inactive":                      {[]v1alpha1.SyncWindow{nightly("allow")}, day, "", true, false, "2026-11-24T22:00:00Z"},
		"a person whom it lets through":           {[]v1alpha1.SyncWindow{nightly("allow", manual)}, day, "", true, true, "2026-11-24T22:00:00Z"},
		"a person whom one of two lets through":   {[]v1alpha1.SyncWindow{nightly("allow", manual), nightly("allow")}, day, "", true, false, "2026-11-24T22:00:00Z"},
		"automation is no person":                 {[]v1alpha1.SyncWindow{nightly("allow", manual)}, day, "", false, false, "2026-11-24T22:00:00Z"},
		"a person past a denial":                  {[]v1alpha1.SyncWindow{nightly("deny", manual)}, night, "", true, true, "2026-11-24T23:00:00Z"},
		"a person past one denial of two":         {[]v1alpha1.SyncWindow{nightly("deny", manual), nightly("deny")}, night, "", true, false, "2026-11-24T23:00:00Z"},
		"a sync that overruns its window":         {[]v1alpha1.SyncWindow{nightly("allow", overrun)}, "2026-11-24T23:30:00Z", night, false, true, "2026-11-25T22:00:00Z"},
		"one that may not":                        {[]v1alpha1.SyncWindow{nightly("allow")}, "2026-11-24T23:30:00Z", night, false, false, "2026-11-25T22:00:00Z"},
		"one that began in no window":             {[]v1alpha1.SyncWindow{nightly("allow", overrun)}, "2026-11-24T23:30:00Z", day, false, false, "2026-11-25T22:00:00Z"},
		"one that overruns one of two":            {[]v1alpha1.SyncWindow{nightly("allow"), nightly("allow", overrun)}, "2026-11-24T23:30:00Z", night, false, true, "2026-11-25T22:00:00Z"},
		"a sync that began before a denial":       {[]v1alpha1.SyncWindow{nightly("deny", overrun)}, night, "2026-11-24T21:59:00Z", false, true, "2026-11-24T23:00:00Z"},
		"one that began in it":                    {[]v1alpha1.SyncWindow{nightly("deny", overrun)}, night, "2026-11-24T22:10:00Z", false, false, "2026-11-24T23:00:00Z"},
		"a time zone":                             {[]v1alpha1.SyncWindow{nightly("allow", berlin)}, "2026-11-24T21:30:00Z", "", false, true, "2026-11-24T22:00:00Z"},
		"a time zone in summer":                   {[]v1alpha1.SyncWindow{nightly("allow", berlin)}, "2026-07-01T20:30:00Z", "", false, true, "2026-07-01T21:00:00Z"},
		"a schedule that never comes":             {[]v1alpha1.SyncWindow{nightly("allow", func(w *v1alpha1.SyncWindow) { w.Schedule = "0 0 30 2 *" })}, day, "", false, false, ""},
		"a window of another application":         {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Applications = []string{"other"} })}, night, "", false, true, ""},
		"a window of the namespace":               {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Applications, w.Namespaces = nil, []string{"sh*"} })}, night, "", false, false, "2026-11-24T23:00:00Z"},
		"a window of the cluster's name":          {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Applications, w.Clusters = nil, []string{"prod*"} })}, night, "", false, false, "2026-11-24T23:00:00Z"},
		"a window of the cluster's server":        {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Applications, w.Clusters = nil, []string{"https://*"} })}, night, "", false, false, "2026-11-24T23:00:00Z"},
		"a window of nothing":                     {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Applications = nil })}, night, "", false, true, ""},
		"any of what a window names":              {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Clusters = []string{"other"} })}, night, "", false, false, "2026-11-24T23:00:00Z"},
		"all of what a window names":              {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Clusters, w.UseAndOperator = []string{"other"}, yes() })}, night, "", false, true, ""},
		"all of what a window names, and it fits": {[]v1alpha1.SyncWindow{nightly("deny", func(w *v1alpha1.SyncWindow) { w.Clusters, w.UseAndOperator = []string{"prod"}, yes() })}, night, "", false, false, "2026-11-24T23:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner := projectOf(v1alpha1.AppProjectSpec{SyncWindows: test.windows})
			to := project.Destination{Server: "https://prod.example", Name: "prod", Namespace: "shop"}
			got := project.Windows(owner, "web", to, project.Moment{
				Now: moment(t, test.now), Began: moment(t, test.began), Manual: test.byHand,
			})
			if open := got.Closed == ""; open != test.open {
				t.Errorf("open: %t (%s)", open, got.Closed)
			}
			if !got.Until.Equal(moment(t, test.until)) {
				t.Errorf("until %s, want %s", got.Until, test.until)
			}
		})
	}
}

func TestAWindowThatCannotBeReadStaysClosed(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*v1alpha1.SyncWindow){
		"syncWindows[0].kind":        func(w *v1alpha1.SyncWindow) { w.Kind = "maybe" },
		"syncWindows[0].schedule":    func(w *v1alpha1.SyncWindow) { w.Schedule = "at night" },
		"schedule holds a time":      func(w *v1alpha1.SyncWindow) { w.Schedule = "TZ=0" },
		"syncWindows[0].duration":    func(w *v1alpha1.SyncWindow) { w.Duration = "-1h" },
		"syncWindows[0].timeZone":    func(w *v1alpha1.SyncWindow) { w.TimeZone = "Mars/Olympus" },
		`timeZone "../etc/passwd"`:   func(w *v1alpha1.SyncWindow) { w.TimeZone = "../etc/passwd" },
		`schedule "* * * * * * * *"`: func(w *v1alpha1.SyncWindow) { w.Schedule = "* * * * * * * *" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			owner := projectOf(v1alpha1.AppProjectSpec{SyncWindows: []v1alpha1.SyncWindow{nightly("deny", change)}})
			got := project.Windows(owner, "web", project.Destination{}, project.Moment{Now: moment(t, "2026-11-24T12:00:00Z"), Manual: true})
			if !strings.Contains(got.Closed, want) {
				t.Errorf("closed: %q", got.Closed)
			}
		})
	}
}

func FuzzWindows(f *testing.F) {
	f.Add("0 22 * * *", "1h", "Europe/Berlin", int64(1795600000))
	f.Add("TZ=0", "9999999h", "Local", int64(0))
	f.Add("@every 1h", "1ns", "", int64(-1))
	f.Fuzz(func(t *testing.T, schedule, duration, zone string, unix int64) {
		owner := projectOf(v1alpha1.AppProjectSpec{SyncWindows: []v1alpha1.SyncWindow{{
			Kind: "allow", Schedule: schedule, Duration: duration, TimeZone: zone, Applications: []string{"*"},
		}}})
		now := time.Unix(unix%(1<<33), 0)
		got := project.Windows(owner, "web", project.Destination{}, project.Moment{Now: now})
		if !got.Until.IsZero() && !got.Until.After(now) {
			t.Errorf("the windows change at %s, which is not after %s", got.Until, now)
		}
	})
}
