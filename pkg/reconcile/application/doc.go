// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package application pulls each Application's destination to what Git says.
//
// Input: an Application, its project, a snapshot of its repository, the live records of its
// destination. Output: changes applied, the Application's status, and a SyncRun for each
// sync. The arrow is reconcile.go; what may run is decided by decide.go, a pure function;
// what a status says is folded by status.go, another.
//
// Invariants: what cannot be read changes and deletes nothing and becomes a condition; a
// pass that finds nothing new makes no request and no write; all that a restart needs is in
// the store, so being killed at any point costs a comparison and never a change.
package application
