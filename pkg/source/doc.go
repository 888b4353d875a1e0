// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package source reads Git repositories: a URL and a revision become a Snapshot, an
// immutable tree whose entries carry their Git object ids.
//
// Input: Request (URL, revision, credentials). Output: *Snapshot, or *Error with a Reason.
// Invariants: at most one query for references per repository and interval, however many
// callers; nothing is fetched that is already there; a failed or partial fetch never
// replaces what was known; there is no work tree and no Git command; repositories read
// with different credentials never share objects; no secret is in an error.
package source
