// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cluster keeps the set of destinations equal to the Secrets that register them,
// and mirrors each destination as a Cluster object.
//
// Input: Secrets labelled argocd.argoproj.io/secret-type=cluster. Output: the destinations
// of package pkg/cluster (Registrar, in every replica), and Cluster objects with the real
// UID, version and connection (Mirror, in one). Invariants: a Secret that cannot be read as
// a cluster changes no destination, and its Cluster's status says why; a Cluster object is
// written only when what it says changed; no credential leaves the Secret.
package cluster
