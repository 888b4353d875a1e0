// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package generate makes the Applications of an ApplicationSet.
//
// Input: an ApplicationSet and the registered destinations. Output: Applications ordered
// by name, each with the element that it came from, and what went wrong with the others.
// Invariants: the output depends on the input alone; a value that is filled into a template
// is never read as a template; time and memory are bounded whatever the templates say; a
// generator that cannot be read gives an error, never fewer Applications.
package generate
