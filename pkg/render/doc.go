// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package render turns a source tree and the options of an Application into manifests.
//
// Input: an immutable tree, the Application's source and the few facts that its build
// environment holds. Output: Manifests in the order the tool printed them, and their digest.
//
// Invariants:
//   - Hostile files are read by worker processes only, which see the tree through a pipe
//     and have neither a file system nor a network. The parent believes nothing they say.
//   - What a render looked at is recorded as its read-set. As long as a later tree gives
//     the same answers, nothing is rendered again.
//   - Whatever a source does, it costs one bounded render and never another one's result.
package render
