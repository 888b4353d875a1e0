// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package live is the small record that stands for an object in a destination: what a
// watch event leaves behind, and all that a plan needs to know of it.
//
// Input: an object's metadata and health. Output: Objects. Invariants: no field of the
// object's own content is kept, so a Secret's data cannot leak from here, and a record
// costs a few hundred bytes however large the object is.
package live
