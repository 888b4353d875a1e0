// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package health rates live objects as Argo CD rates them.
//
// Input: one object as it is in a cluster, or for Summarize what is known of every resource of
// an application. Output: a Health, nothing where no rule knows the kind, or an error where a
// rule could not tell.
// Invariants: nothing is read but the object (and the clock, by rules that ask for it); an
// object never changes; whatever an object or a rule's script holds, Assess ends within one
// second and bounded memory, and never panics.
package health
