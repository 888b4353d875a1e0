// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/klauspost/compress/zstd"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxUnpacked bounds what packed manifests may unpack to, in bytes.
const maxUnpacked = 64 << 20

// Pack returns manifests as one compressed text, and the digest of what is in it.
func Pack(manifests []Manifest) (data []byte, digest string, err error) {
	var text bytes.Buffer
	for _, m := range manifests {
		text.Write(m.JSON)
		text.WriteByte('\n')
	}
	if text.Len() > maxUnpacked {
		return nil, "", fmt.Errorf("the manifests have %d bytes, more than %d", text.Len(), maxUnpacked)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, "", fmt.Errorf("pack manifests: %w", err)
	}
	return encoder.EncodeAll(text.Bytes(), nil), packDigest(text.Bytes()), nil
}

// Unpack returns packed manifests in their order, and the digest of what was there. It fails where the text is damaged.
func Unpack(data []byte) (manifests []Manifest, digest string, err error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked))
	if err != nil {
		return nil, "", fmt.Errorf("unpack manifests: %w", err)
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(data, nil)
	if err != nil {
		return nil, "", fmt.Errorf("unpack manifests: %w", err)
	}
	for line := range bytes.Lines(text) {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(line); err != nil {
			return nil, "", fmt.Errorf("unpack manifest %d: %w", len(manifests), err)
		}
		m, err := New(object)
		if err != nil {
			return nil, "", fmt.Errorf("unpack manifest %d: %w", len(manifests), err)
		}
		manifests = append(manifests, m)
	}
	return manifests, packDigest(text), nil
}

// packDigest is a whole SHA-256: people approve by it, and who writes manifests must not be able to make two alike.
func packDigest(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}
