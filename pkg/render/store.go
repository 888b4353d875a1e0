// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// errCorrupted marks stored bytes that are not what their name says.
var errCorrupted = errors.New("stored manifests are corrupted")

// store keeps manifests by digest: decoded and compressed in memory, compressed on disk.
type store struct {
	decoded *lru[manifest.Digest, []manifest.Manifest]
	packed  *lru[manifest.Digest, []byte]
	disk    *folder
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newStore(memoryBytes int64, disk *folder) (*store, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("make a compressor: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, fmt.Errorf("make a decompressor: %w", err)
	}
	return &store{
		decoded: newLRU[manifest.Digest, []manifest.Manifest](memoryBytes/2, nil),
		packed:  newLRU[manifest.Digest, []byte](memoryBytes/2, nil),
		disk:    disk, encoder: encoder, decoder: decoder,
	}, nil
}

// digestOf names manifests: it changes with each one and with their order.
func digestOf(manifests []manifest.Manifest) manifest.Digest {
	all := make([]byte, 0, len(manifests)*len(manifest.Digest{}))
	for _, m := range manifests {
		all = append(all, m.Digest[:]...)
	}
	return manifest.DigestOf(all)
}

func blobName(digest manifest.Digest) string { return digest.String() + ".zst" }

func (s *store) put(digest manifest.Digest, manifests []manifest.Manifest) error {
	s.decoded.put(digest, manifests, weight(manifests))
	if _, has := s.packed.get(digest); has {
		return nil
	}
	lines := make([][]byte, len(manifests))
	for i, m := range manifests {
		lines[i] = m.JSON
	}
	// Canonical JSON holds no line break.
	packed := s.encoder.EncodeAll(bytes.Join(lines, []byte("\n")), nil)
	s.packed.put(digest, packed, int64(len(packed)))
	if s.disk == nil {
		return nil
	}
	return s.disk.write(blobName(digest), packed)
}

// get returns the manifests of a digest, or false where they are not kept or are corrupted.
func (s *store) get(digest manifest.Digest) ([]manifest.Manifest, bool) {
	if manifests, ok := s.decoded.get(digest); ok {
		return manifests, true
	}
	packed, ok := s.packed.get(digest)
	if !ok && s.disk != nil {
		packed, ok = s.disk.read(blobName(digest))
	}
	if !ok {
		return nil, false
	}
	manifests, err := s.unpack(packed)
	if err != nil || digestOf(manifests) != digest {
		s.packed.remove(digest)
		if s.disk != nil {
			s.disk.forget(blobName(digest))
		}
		return nil, false
	}
	s.packed.put(digest, packed, int64(len(packed)))
	s.decoded.put(digest, manifests, weight(manifests))
	return manifests, true
}

func (s *store) unpack(packed []byte) ([]manifest.Manifest, error) {
	data, err := s.decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupted, err)
	}
	if len(data) == 0 {
		return nil, nil
	}
	lines := bytes.Split(data, []byte("\n"))
	manifests := make([]manifest.Manifest, len(lines))
	for i, line := range lines {
		if manifests[i], err = fromCanonical(line); err != nil {
			return nil, err
		}
	}
	return manifests, nil
}

// fromCanonical reads only what names the object: the digest vouches for the rest.
func fromCanonical(line []byte) (manifest.Manifest, error) {
	head := struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}{}
	if err := json.Unmarshal(line, &head); err != nil {
		return manifest.Manifest{}, fmt.Errorf("%w: %w", errCorrupted, err)
	}
	version, err := schema.ParseGroupVersion(head.APIVersion)
	if err != nil {
		return manifest.Manifest{}, fmt.Errorf("%w: %w", errCorrupted, err)
	}
	return manifest.Manifest{
		Key: manifest.Key{
			Group: version.Group, Kind: head.Kind, Namespace: head.Metadata.Namespace, Name: head.Metadata.Name,
		},
		Version: version.Version,
		JSON:    line,
		Digest:  manifest.DigestOf(line),
	}, nil
}

func weight(manifests []manifest.Manifest) int64 {
	const overhead = 160
	total := int64(overhead)
	for _, m := range manifests {
		total += int64(len(m.JSON)) + overhead
	}
	return total
}
