// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"math"
	"slices"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// The pace of automated work, as Argo CD 3.6: retries 5 s, doubled, at most 3 m, five
// times; self-heal 2 s, trebled, at most 5 m, but only after healFree times at once: who
// undoes a change twice is a person, who does it ten times a controller.
const (
	retryLimit    = 5
	retryFirst    = 5 * time.Second
	retryFactor   = 2
	retryMost     = 3 * time.Minute
	healFirst     = 2 * time.Second
	healFactor    = 3
	healMost      = 5 * time.Minute
	healFree      = 5
	healForgotten = 10 * time.Minute
)

// spent is the memory of a sync that failed and used up its retries.
type spent struct {
	// wanted is the desired state that was tried, "" where a restart forgot it, and revision
	// the commit.
	wanted, revision string
	// changes are those that were tried; nil stands for all.
	changes map[string]bool
}

// spentOn remembers what a sync tried in vain.
func spentOn(f facts, changes []plan.Change) spent {
	tried := make(map[string]bool, len(changes))
	for _, change := range changes {
		tried[nameOf(change)] = true
	}
	return spent{wanted: f.wanted, revision: f.revision, changes: tried}
}

// spentBefore reads from the status what was tried in vain before a restart.
func spentBefore(status v1alpha1.ApplicationStatus) spent {
	last := status.OperationState
	if last == nil || last.SyncResult == nil || last.FinishedAt == nil || last.Phase != v1alpha1.OperationFailed ||
		!last.Operation.InitiatedBy.Automated {
		return spent{}
	}
	return spent{revision: last.SyncResult.Revision}
}

// covers reports that all of the changes were tried in vain already.
func (s spent) covers(f facts, changes []plan.Change) bool {
	switch {
	case s.wanted == "" && s.revision == "":
		return false
	case s.wanted == "":
		return s.revision == f.revision
	case s.wanted != f.wanted:
		return false
	}
	return !slices.ContainsFunc(changes, func(change plan.Change) bool { return !s.changes[nameOf(change)] })
}

func nameOf(change plan.Change) string { return string(change.Action) + " " + change.String() }

// healing is the memory of the drift that was undone last, how often, and when.
type healing struct {
	fingerprint manifest.Digest
	count       int
	at          time.Time
}

// fingerprintOf names a set of changes: the same changes after a new commit are another set.
func fingerprintOf(revision string, changes []plan.Change) manifest.Digest {
	text := []byte(revision)
	for _, change := range changes {
		text = append(text, nameOf(change)...)
		text = append(text, change.Desired[:]...)
	}
	return manifest.DigestOf(text)
}

// next returns the memory after the same or other drift was undone once more.
func (h healing) next(fingerprint manifest.Digest, now time.Time) healing {
	count := 1
	if h.fingerprint == fingerprint && now.Sub(h.at) < healForgotten {
		count = h.count + 1
	}
	return healing{fingerprint: fingerprint, count: count, at: now}
}

// wait is how long the same drift has to wait before it is undone again.
func (h healing) wait(f facts, drift []plan.Change) time.Duration {
	if h.fingerprint != fingerprintOf(f.revision, drift) {
		return 0
	}
	return max(0, h.at.Add(healPause(h.count)).Sub(f.now))
}

// strategyOf is the operation's own strategy where it says how often, else that of the spec.
func strategyOf(operation v1alpha1.Operation, spec *v1alpha1.RetryStrategy) *v1alpha1.RetryStrategy {
	if !operation.InitiatedBy.Automated {
		return &operation.Retry
	}
	return spec
}

// limitOf returns how often to try again: none for a sync by hand that does not say so.
func limitOf(strategy *v1alpha1.RetryStrategy, byHand bool) int {
	switch {
	case byHand && (strategy == nil || strategy.Limit == nil):
		return 0
	case strategy == nil || strategy.Limit == nil:
		return retryLimit
	case *strategy.Limit < 0:
		return math.MaxInt
	default:
		return int(*strategy.Limit)
	}
}

func retryPause(count int, strategy *v1alpha1.RetryStrategy) time.Duration {
	first, factor, most := retryFirst, float64(retryFactor), retryMost
	if strategy != nil && strategy.Backoff != nil {
		first = durationOf(strategy.Backoff.Duration, first)
		most = durationOf(strategy.Backoff.MaxDuration, most)
		if strategy.Backoff.Factor != nil {
			factor = float64(*strategy.Backoff.Factor)
		}
	}
	return grow(first, factor, most, count-1)
}

func healPause(count int) time.Duration {
	if count <= healFree {
		return 0
	}
	return grow(healFirst, healFactor, healMost, count-healFree-1)
}

func grow(first time.Duration, factor float64, most time.Duration, times int) time.Duration {
	pause := float64(first) * math.Pow(factor, float64(max(times, 0)))
	return time.Duration(min(pause, float64(most)))
}

// durationOf reads a duration as Argo CD writes it: "5s", "2m" or bare seconds.
func durationOf(text string, otherwise time.Duration) time.Duration {
	if duration, err := time.ParseDuration(text); err == nil {
		return duration
	}
	if duration, err := time.ParseDuration(text + "s"); err == nil {
		return duration
	}
	return otherwise
}
