// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package registry holds what the API's kinds share on the way from a request to the store. The kinds themselves are in
// the packages below it, one folder a kind.
//
// A kind is a Strategy of its own that embeds the one here, a table, and a call of NewStore; a second write surface is
// a second strategy handed to NewStatusREST. What a surface may change is decided by its strategy alone: the strategy
// of the main resource keeps the old status, that of /status keeps everything else.
package registry
