// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"testing"
	"time"
)

func TestMeterStopsAtItsDeadline(t *testing.T) {
	t.Parallel()
	m := newMeter(time.Now().Add(-time.Second))
	for range clockInterval {
		m.Done()
	}
	if !errors.Is(m.Err(), errTime) {
		t.Errorf("after %d instructions the meter says %v, want %v", clockInterval, m.Err(), errTime)
	}
	if m.Done() == nil {
		t.Error("a stopped meter does not stop the next instruction")
	}
}
