// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"time"

	lua "github.com/yuin/gopher-lua"
)

const (
	// maxSteps bounds a run: an instruction costs one step, and so do 64 bytes of memory that a
	// single instruction can ask for. They are some 50 ms and at most some 100 MB; the community's
	// rules take hundreds of steps.
	maxSteps     = 500_000
	bytesPerStep = 64
	maxTime      = time.Second
	// clockInterval is the number of payments between two looks at the clock.
	clockInterval = 256
)

var (
	errSteps = errors.New("the script passed its limit of steps and memory; make it do less")
	errTime  = errors.New("the script passed its limit of one second; make it do less")
)

// meter counts what a run costs and stops it at the limit. It is the context of the Lua state,
// which asks Done before each instruction.
type meter struct {
	steps    int
	payments int
	deadline time.Time
	err      error
	stopped  chan struct{}
}

func newMeter(deadline time.Time) *meter { return &meter{deadline: deadline} }

// Deadline returns when the run must end.
func (m *meter) Deadline() (time.Time, bool) { return m.deadline, true }

// Done counts an instruction; its channel is closed when a limit was passed.
func (m *meter) Done() <-chan struct{} {
	m.spend(1)
	return m.stopped
}

// Err returns the limit that was passed, or nil.
func (m *meter) Err() error { return m.err }

// Value returns nil: a rule has no request.
func (m *meter) Value(any) any { return nil }

func (m *meter) spend(steps int) {
	if m.steps += steps; m.steps > maxSteps {
		m.stop(errSteps)
	}
	if m.payments++; m.payments%clockInterval == 0 && time.Now().After(m.deadline) {
		m.stop(errTime)
	}
}

// stop ends the run for good: a script that catches the error fails at its next instruction.
func (m *meter) stop(err error) {
	if m.err == nil {
		m.err, m.stopped = err, make(chan struct{})
		close(m.stopped)
	}
}

// spend charges bytes to the run before they are allocated, and raises where that is too much.
func spend(l *lua.LState, bytes int) {
	m, metered := l.Context().(*meter)
	if !metered {
		l.RaiseError("the script runs without a meter")
		return
	}
	if bytes < 0 || bytes > maxSteps*bytesPerStep {
		bytes = maxSteps * bytesPerStep
	}
	m.spend(bytes / bytesPerStep)
	if m.err != nil {
		l.RaiseError("%s", m.err.Error())
	}
}
