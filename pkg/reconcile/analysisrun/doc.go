// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package analysisrun measures what AnalysisRuns say and writes down what it amounts to.
//
// Input: AnalysisRuns, the Secrets that their arguments name, the ends of their Jobs. Output: the status of each run,
// Events, Jobs. What is due and what a measurement means is decided by package analysis; a provider measures.
//
// Invariants: the status is written where it says something new, and never else. A pass never acts on a run that is
// older than its own last write, so no measurement is taken twice for want of news. A Secret is read in the pass that
// needs it and only from the namespace of the run; nothing of it is kept. A run that is completed never changes; it is
// deleted when its ttlStrategy says so, and at no other time.
package analysisrun
