// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest is the value that flows from render through plan to apply: one
// Kubernetes object as canonical JSON, with the key that names it and the digest that
// tells whether it changed.
//
// Input: the bytes that a renderer printed, or an object's fields. Output: Manifests.
// Invariants: JSON is canonical (keys sorted, no insignificant space, no status), so equal
// objects have equal digests; a Manifest is never changed after it was made.
package manifest
