// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plugin has config management plugins render a tree: sidecars that speak the protocol of Argo CD's CMP server,
// version 2, over unix sockets of one directory.
//
// Input: Request (a tree, a directory in it, an environment). Output: the texts that the plugin printed, which
// nobody has read yet, or an error that says what the plugin said.
//
// Invariants: a plugin sees the files of one tree and the environment of the request, and nothing that opens
// anything; a link that leads out of the tree is not sent; what goes out and what comes back is bounded.
package plugin
