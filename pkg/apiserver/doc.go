// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apiserver assembles the aggregated API server of the groups argoproj.io and capstan.dev.
//
// Config (the generic server's settings and the storage of each group) → Complete → New → a server that is ready
// to run.
//
// Invariants: JSON alone on the wire, because a host cluster's garbage collection and namespace deletion ask for
// protobuf and hang where a group offers what it cannot encode; the kinds with an opaque pod template never take a
// strategic merge patch, in the specification as on the wire; while the store guard refuses, no resource request
// reaches a store.
package apiserver
