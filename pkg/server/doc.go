// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package server is the composition root: the only place where the API column and the control column meet.
//
// Options (flags) → Complete → Validate → New → a Server that Run serves until its context ends.
//
// Invariants: etcd starts first and stops last; a resource request reaches the store only while the host cluster
// remembers that very store; reconcilers stop while the API still takes their last status; health depends on the
// store alone, never on Git, on destinations or on registration.
package server
