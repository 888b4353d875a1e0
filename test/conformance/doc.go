// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance holds Capstan to the CustomResourceDefinitions of its peers: by the manifests that they publish,
// by right and wrong values at every place of their schemas, and by neutral case files, one JSON object a line, one
// file a behaviour. Those run where a folder of such files is given:
//
//	go test ./test/conformance -args -cases DIR
package conformance
