// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"math"
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

// attempt is the memory of the work done last: on what, how often, and when it ended.
type attempt struct {
	// fingerprint tells the set of changes that was tried.
	fingerprint manifest.Digest
	failed      bool
	count       int
	at          time.Time
}

// fingerprintOf names a set of changes: the same changes after a new commit are another set.
func fingerprintOf(revision string, changes []plan.Change) manifest.Digest {
	text := []byte(revision)
	for _, change := range changes {
		text = append(text, change.String()...)
		text = append(text, change.Action...)
		text = append(text, change.Desired[:]...)
	}
	return manifest.DigestOf(text)
}

// next returns the memory after another attempt at the same or other changes.
func (a attempt) next(fingerprint manifest.Digest, failed bool, now time.Time) attempt {
	count := 1
	if a.fingerprint == fingerprint && now.Sub(a.at) < healForgotten {
		count = a.count + 1
	}
	return attempt{fingerprint: fingerprint, failed: failed, count: count, at: now}
}

// retry lets the decision through when it is due, and else says how long to wait.
func retry(f facts, d decision) decision {
	last := f.attempt
	if last.fingerprint != fingerprintOf(f.revision, d.changes) || len(d.changes) == 0 {
		return d
	}
	pause, most := healPause(last.count), math.MaxInt
	if last.failed {
		pause, most = retryPause(last.count, strategyOf(f)), limitOf(strategyOf(f), f.operation != nil)
	}
	switch wait := last.at.Add(pause).Sub(f.now); {
	case last.failed && last.count > most:
		return decision{
			trigger: d.trigger, held: "the same changes failed before; the next commit or a sync by hand tries again",
		}
	case wait > 0:
		return decision{trigger: d.trigger, wait: wait}
	}
	return d
}

func strategyOf(f facts) *v1alpha1.RetryStrategy {
	if f.operation != nil && f.operation.Retry.Limit != nil {
		return &f.operation.Retry
	}
	return f.retry
}

// limitOf returns how often to try again: none for a sync by hand that does not say so.
func limitOf(strategy *v1alpha1.RetryStrategy, byHand bool) int {
	switch {
	case strategy == nil && byHand:
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
