// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply writes to destinations; nothing else does.
//
// Input: a destination and one group of changes that a plan decided on. Output: a Result
// for each, in the same order; or one Edit that a person asked for. Invariants: every write
// of a plan is a server-side apply under one field manager, or a delete or a release of one
// certain object, named by its UID; what one change fails with does not stop the others of
// its group; no message quotes the content of a Secret.
package apply
