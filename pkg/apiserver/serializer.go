// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// jsonOnly withdraws protobuf from a serializer: our kinds have no protobuf encoding, and a server that offers one
// answers 406 to the host's metadata clients, which leaves namespaces in Terminating
// (kubernetes/kubernetes#86666).
type jsonOnly struct {
	runtime.NegotiatedSerializer
}

// SupportedMediaTypes lists the media types of the serializer except protobuf.
func (s jsonOnly) SupportedMediaTypes() []runtime.SerializerInfo {
	return slices.DeleteFunc(slices.Clone(s.NegotiatedSerializer.SupportedMediaTypes()),
		func(info runtime.SerializerInfo) bool { return info.MediaType == runtime.ContentTypeProtobuf })
}
