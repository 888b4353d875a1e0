// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package promotion gathers the facts that package gate decides by, and keeps what comes of its decisions.
//
// Input: an Application, and who asks what of it. Output: gate.Facts, read anew from the store; verdicts as API errors;
// Plans, Approvals, and that a Plan begins, which happens once.
//
// Invariants: what a decision rests on is read past every cache; whatever cannot be read is a fact, too, by which the
// gate holds; a dry run gives the same verdict and keeps nothing; the caches only tell whether there is a gate to ask.
package promotion
