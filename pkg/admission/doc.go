// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission lists Capstan's admission plugins in the order in which they run. Each
// plugin is a folder: it gathers facts and asks a pure function or the authorizer.
package admission
