// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout carries Rollouts out.
//
// Input: Rollouts, the ReplicaSets, Services and AnalysisRuns that belong to them, and the workloads, ConfigMaps and
// Secrets to which they refer. Output: changes of these, the status, and Events. What to do is decided by pkg/rollout;
// here it is read, written, and decided again until nothing is left to do, so that one write of the status tells of all
// of it.
//
// Invariants: no decision rests on an object older than this process's own last write of it, and so none is taken
// twice; a status is written with the version that it was decided from, and what a client asked for meanwhile is never
// lost; a pass that changes nothing writes nothing and asks nothing; what was read of a cluster that does not answer
// moves nothing.
package rollout
