// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package experiment decides how an Experiment goes on.
//
// Input: Facts, that is an Experiment, the ReplicaSets, Services and AnalysisRuns that it owns, and the time. Output: a
// Decision: the ReplicaSets and Services to make, to change and to delete, the analyses to begin and to end, and the
// status that says so. The order of things is the peer's (Argo Rollouts 1.9: experiments/experiment.go).
//
// Invariants: nothing is read, written or kept; what was given is not changed. Facts that already are as they were
// decided give a Decision without a change. No analysis begins before all pods are available, an end is final until a
// client clears the status, and nothing is left running after it.
package experiment
