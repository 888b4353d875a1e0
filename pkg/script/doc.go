// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package script runs Lua that strangers wrote: the community's and users' health rules and actions.
//
// Input: a script and one object. Output: the value that the script returns. Invariants: a script sees
// the object, its parameters and the clock, and nothing else; no run sees anything of another; whatever
// it does, a run ends within one second and bounded memory, and never panics.
package script
