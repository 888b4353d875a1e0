// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)

func TestMetadataIsReadInEitherForm(t *testing.T) {
	t.Parallel()
	sent := &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", UID: "u1", ResourceVersion: "7"},
	}
	text, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	known := runtime.NewScheme()
	var packed bytes.Buffer
	if err := protobuf.NewSerializer(known, known).Encode(sent, &packed); err != nil {
		t.Fatal(err)
	}
	for form, raw := range map[string][]byte{"JSON": text, "protobuf": packed.Bytes()} {
		var got metav1.PartialObjectMetadata
		if err := decode(raw, &got); err != nil || got.UID != sent.UID || got.ResourceVersion != "7" {
			t.Errorf("%s: read %+v, %v", form, got.ObjectMeta, err)
		}
	}
	if decode([]byte("neither"), &metav1.PartialObjectMetadata{}) == nil {
		t.Error("what is neither is read")
	}
}
