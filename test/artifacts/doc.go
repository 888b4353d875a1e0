// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package artifacts tests the manifests of artifacts/ against the code that they are for: the
// types, the kinds that are served, and the flags of the server.
package artifacts
