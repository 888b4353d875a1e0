// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// wire is a serializer of requests and answers. It withdraws protobuf: our kinds have no protobuf encoding, and a
// server that offers one answers 406 to the host's metadata clients, which leaves namespaces in Terminating
// (kubernetes/kubernetes#86666). What it reads of a kind that has a shape is settled first.
type wire struct {
	runtime.NegotiatedSerializer
	shapes shapes
}

// SupportedMediaTypes lists the media types of the serializer except protobuf.
func (w wire) SupportedMediaTypes() []runtime.SerializerInfo {
	var offered []runtime.SerializerInfo
	for _, info := range w.NegotiatedSerializer.SupportedMediaTypes() {
		if info.MediaType == runtime.ContentTypeProtobuf {
			continue
		}
		asJSON := func(text []byte) ([]byte, error) { return text, nil }
		if info.MediaType == runtime.ContentTypeYAML {
			asJSON = yaml.YAMLToJSON
		}
		info.Serializer = settling{info.Serializer, w.shapes, asJSON}
		info.StrictSerializer = settling{info.StrictSerializer, w.shapes, asJSON}
		offered = append(offered, info)
	}
	return offered
}

// settling settles what a serializer reads.
type settling struct {
	runtime.Serializer
	shapes shapes
	asJSON func([]byte) ([]byte, error)
}

// Decode reads an object. It fails where its Go type cannot hold what is written, naming the fields.
func (s settling) Decode(
	text []byte, defaults *schema.GroupVersionKind, into runtime.Object,
) (runtime.Object, *schema.GroupVersionKind, error) {
	body, err := s.asJSON(text)
	if err != nil {
		return s.Serializer.Decode(text, defaults, into) // which says what is wrong with it
	}
	settled, differs, err := settle(body, s.shapes.of(into), false)
	if err != nil {
		return nil, defaults, err
	}
	if !differs {
		settled = text
	}
	return s.Serializer.Decode(settled, defaults, into)
}
