// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package customization reads what a user says of kinds and of syncs in the ConfigMap argocd-cm.
//
// Input: the data of the ConfigMap. Output: a Set: health rules and actions by the kinds that they
// are for. Invariants: pure; a key that cannot be read spoils no other, and is kept as a fault that
// whoever needs it can name.
package customization
