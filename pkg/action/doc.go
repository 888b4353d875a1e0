// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package action finds and computes the actions of objects, as Argo CD's scripts do.
//
// Input: a live object, the name of an action and its parameters. Output: what the action would
// create or patch. Invariants: nothing is read but the object, and nothing is written; a script runs in
// the sandbox of health rules, with its bounds of time and memory; which of its wishes are granted is
// decided by whoever writes.
package action
