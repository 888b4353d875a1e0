// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package source reads Git repositories, chart repositories and OCI registries: a URL and a
// revision become a Snapshot, an immutable tree whose entries carry their Git object ids,
// which those of a chart's files are, too.
//
// Input: Request (URL, revision, credentials). Output: *Snapshot, or *Error with a Reason.
// Invariants: at most one query for references per repository and interval, however many
// callers; nothing is fetched that is already there; a failed or partial fetch never
// replaces what was known; an archive is what its digest says, and a name in it never leads
// out of it; credentials go to the host that they are for; there is no work tree and no Git command; repositories read
// with different credentials never share objects; no secret is in an error.
package source
