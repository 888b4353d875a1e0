// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tree finds what belongs to an Application in its destination: the objects that it
// manages, and whatever these own.
//
// Input: the keys of the managed objects, and a destination that is read on demand. Output: a
// Tree, or for Find one object. Invariants: an object is managed where its own tracking annotation
// says so, and owned where its owner reference has the UID of an owner in reach of it, at the time
// of the call; what could not be read is named and never taken for absent; metadata is all that is
// listed, in bounded pages and time, and nothing is kept.
package tree
