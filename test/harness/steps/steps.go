// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package steps is what the stories of the end-to-end tests have in common.
//
// Input: a test. Output: steps that end it where they fail.
package steps

import (
	"context"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// Patience bounds each step of a story; a step that takes it is a failure. It is shorter than the interval at
// which repositories are polled by default, so that what follows a push in time follows from the push.
const Patience = 90 * time.Second

// Steps are those of one test, which tells what somebody does with kubectl and then sees.
type Steps struct {
	*testing.T
}

// OK ends the story where a step failed.
func (s *Steps) OK(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// Kubectl runs kubectl, returns what it printed, and ends the story where it fails.
func (s *Steps) Kubectl(k plane.Kubectl, args ...string) string {
	s.Helper()
	out, err := k.Run(s.Context(), args...)
	s.OK(err)
	return out
}

// Until waits until kubectl prints what want accepts, and returns it.
func (s *Steps) Until(k plane.Kubectl, want func(string) bool, args ...string) string {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), Patience)
	defer cancel()
	out, err := k.Until(ctx, want, args...)
	s.OK(err)
	return out
}

// Eventually waits until something holds.
func (s *Steps) Eventually(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(Patience); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("it does not come about that %s", what)
		}
	}
}
