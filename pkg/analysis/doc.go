// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package analysis decides what an AnalysisRun measures, when, and what that amounts to.
//
// Input: templates, arguments, a run with its results so far, the time. Output: the specification of a run, its metrics
// with the arguments filled in, the tasks that are due, the state of each metric and of the run.
//
// Invariants: pure, no I/O and no clock. A metric that is completed stays as it is. A metric of a dry run decides
// nothing. The value of a secret is in the metrics that are measured and nowhere else: Values.Redact takes it out of
// everything that is kept. Conditions and expressions end, whatever they say, and have bounded memory.
// The rules are those of Argo Rollouts 1.9: analysis/analysis.go, utils/analysis.
package analysis
