// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package experiment carries Experiments out.
//
// Input: Experiments, and the ReplicaSets, Services and AnalysisRuns that they own, from caches. Output: what
// pkg/experiment decides is done in the cluster that runs the pods, and the status says so.
//
// Invariants: nothing is written where nothing changes, what was written is preferred to a cache that does not show it
// yet, and only what an Experiment controls, by UID, is changed or deleted.
package experiment
