// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package applicationset keeps the Applications of each ApplicationSet as its generators
// and its template say.
//
// Input: an ApplicationSet, the registered destinations, the Applications that it owns.
// Output: Applications created, updated and deleted, and the set's status. What the set
// amounts to is made by package generate, what is to be done by decide.go, both pure.
//
// Invariants: a pass in which anything could not be read or made deletes nothing; where not
// all parameters were generated it creates and updates nothing either; an Application that
// another made is never changed; Applications are deleted with their set only when the set
// itself was deleted, never because it cannot be found; a pass that finds nothing new makes
// no request.
package applicationset
