// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package difference says which fields of an object may differ from Git.
//
// Input: the ignoreDifferences of an Application and of the ConfigMap argocd-cm, and objects as Git
// wants them and as a destination holds them. Output: the fields that the rules select; whether two
// states of an object differ in others; what Git wants with the live values of such fields.
//
// Invariants: pure, no I/O; a rule is a tenant's and hostile: an expression cannot define functions,
// loop, or build large values, and ends within a time limit; a rule that selects nothing changes
// nothing.
package difference
