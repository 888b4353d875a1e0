// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan compares what Git wants with what a destination holds.
//
// Input: manifests prepared for a destination, the live records of their keys and of all
// that the application tracks, and what the last apply of each object left. Output: a
// Plan: one Change an object, whose Steps are the order to apply them in.
//
// Invariants: pure, no I/O and no clock; the same input gives the same Plan; an object that
// another existing application tracks is neither changed nor pruned; nothing is pruned
// where Input.Prune is false or the object forbids it. One type, four readers: apply
// executes a Plan, the gate judges it, diff prints it, an approval signs it.
package plan
