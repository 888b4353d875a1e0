// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestControllerChoice(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		choice []string
		want   bool
	}{
		"a star runs all":                         {[]string{"*"}, true},
		"a name runs that controller":             {[]string{"application"}, true},
		"another name does not":                   {[]string{"cluster"}, false},
		"nothing runs nothing":                    {nil, false},
		"a minus leaves it out of all":            {[]string{"*", "-application"}, false},
		"a minus leaves it out whatever is first": {[]string{"-application", "*"}, false},
		"a minus of another leaves it in":         {[]string{"*", "-cluster"}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := controllerEnabled("application", tc.choice); got != tc.want {
				t.Errorf("enabled: %t, want %t", got, tc.want)
			}
		})
	}
}

// probe is a controller that tells when it runs and when it has stopped.
type probe struct{ running, stopped chan struct{} }

func newProbe() *probe {
	return &probe{running: make(chan struct{}, 9), stopped: make(chan struct{}, 9)}
}

func (l *probe) Name() string { return "probe" }

func (l *probe) Run(ctx context.Context) error {
	l.running <- struct{}{}
	<-ctx.Done()
	l.stopped <- struct{}{}
	return nil
}

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("waited in vain: %s", what)
	}
}

func happened(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestControllerGroup(t *testing.T) {
	t.Parallel()
	t.Run("starts when the store is served and has stopped when stop returns", func(t *testing.T) {
		t.Parallel()
		l, served := newProbe(), make(chan struct{})
		g := &controllerGroup{
			controllers: []Controller{l}, served: served,
			lead: func(ctx context.Context, work func(context.Context)) { work(ctx) },
		}
		g.start(t.Context())
		time.Sleep(20 * time.Millisecond)
		if happened(l.running) {
			t.Error("the controller ran before the store was served")
		}
		close(served)
		await(t, l.running, "the controller to run")
		g.stop()
		if !happened(l.stopped) {
			t.Error("stop returned before the controller had stopped")
		}
	})
	t.Run("stops while the store was never served", func(t *testing.T) {
		t.Parallel()
		g := &controllerGroup{served: make(chan struct{})}
		g.start(t.Context())
		g.stop()
	})
	t.Run("stops without having started", func(t *testing.T) {
		t.Parallel()
		(&controllerGroup{}).stop()
	})
}

func TestRunControllersEndsWithTheLastOfThem(t *testing.T) {
	t.Parallel()
	loops := []*probe{newProbe(), newProbe()}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for _, l := range loops {
			<-l.running
		}
		cancel()
	}()
	runControllers(ctx, []Controller{loops[0], loops[1]})
	if slices.ContainsFunc(loops, func(l *probe) bool { return !happened(l.stopped) }) {
		t.Error("returned while a controller still ran")
	}
}
