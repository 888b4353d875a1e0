// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gate decides whether a change of a gated Application may be made.
//
// Input: facts that were read by others: the Application, the policies and clusters, the newest Plan, what people said
// of it, who holds which role, the time. Output: a Verdict (Allow, Hold or Deny) with a stable reason and the next
// command to run; the Effects of a write; what a change of a policy weakens.
//
// Invariants: pure, no I/O and no clock; admission, the subresources and the reconciler ask the same functions, and
// nobody is exempt by name. Whatever was not read, or contradicts itself, is held. A Plan is let through only while it
// is untampered, current and unused, by enough different people who are none of its own parties. One more requirement
// never lets through what was held before: Requirement is a lattice, Join its upper bound.
package gate
