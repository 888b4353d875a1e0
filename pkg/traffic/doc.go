// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package traffic says how the objects of traffic routers are to be changed to split the traffic of a Rollout.
//
// Input: a Rollout, an Intent, which is how its traffic should be split, and the routers' objects as they are in the
// cluster. Output: Changes, the whole objects to write or to delete, in the order to do so.
//
// Invariants: pure, no I/O and no clock; what was handed in is never changed; where nothing differs there is no Change;
// what a router does not manage survives as it is; an object that lacks one of the destinations is an error and is
// not changed; a Service of another namespace is no destination, though it has the name of one.
package traffic
