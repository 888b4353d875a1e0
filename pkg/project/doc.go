// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package project says what an AppProject permits.
//
// Input: an AppProject and what an Application asks for (a source, a destination, a kind of
// resource, its own namespace). Output: yes, or a sentence that names the rule to change.
// Invariants: pure; without a rule nothing is permitted; what one rule denies ("!") no other permits. Admission and the
// reconciler ask the same functions, with the semantics of Argo CD 3.5
// (pkg/apis/application/v1alpha1/app_project_types.go).
package project
