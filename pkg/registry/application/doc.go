// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package application serves applications and their subresources.
//
// The main resource holds what users want; /status what the reconciler saw; sync, rollback,
// refresh and terminate record intent for the reconciler; manifests and diff compute;
// resources lists the object record, which is kept beside the Application; tree, log, events and
// actions read the destination, and action writes to it.
package application
