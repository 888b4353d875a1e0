// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api tests the API's contract over HTTP: the whole server on a real etcd, without its control loops, through
// the generated client and through plain requests. Each story is a sentence.
package api
