// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance runs neutral case files against Capstan: one JSON object a line, one file
// a behaviour. Its tests run where a folder of such files is given:
//
//	go test ./test/conformance -args -cases DIR
package conformance
