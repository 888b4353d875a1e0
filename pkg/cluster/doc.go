// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cluster holds the destinations: how each is reached, what kinds it serves, and
// a small live record of each object in it that Capstan manages.
//
// Input: destinations, and the kinds that each application uses. Output: Live records,
// notifications of records that changed, objects read on demand, connection status.
// Invariants: nothing but Live records is kept of a cluster's objects; a read that failed
// never removes a record; what is not yet known is an error, never an empty answer; one
// cluster that fails or hangs delays no other.
package cluster
