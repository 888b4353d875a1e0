// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout decides how a Rollout goes on.
//
// Input: Facts, that is a Rollout, its ReplicaSets, the Services that it names, its analyses, and the time. Output: a
// Decision: the sizes of ReplicaSets, the selectors of Services, the weights of the traffic, the analyses to begin and
// to end, and the status that says so. The numbers and the order of the steps are the peer's (Argo Rollouts 1.9).
//
// Invariants: nothing is read, written or kept; what was given is not changed. Facts that already are as they were
// decided give a Decision without a change. Available pods do not fall below what the strategy promises by a change of
// a size, weights do not go above what ready pods can bear, and an abort of what is not being updated does nothing.
package rollout
