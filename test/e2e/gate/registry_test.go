// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"
)

// shop is a repository of a registry that lasts as long as a story.
type shop struct{ to *remote.Repository }

func (s *story) registry() shop {
	s.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	s.Cleanup(server.Close)
	to, err := remote.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/team/config")
	s.OK(err)
	to.PlainHTTP = true
	return shop{to}
}

func (r shop) url() string {
	return "oci://" + r.to.Reference.Registry + "/" + r.to.Reference.Repository
}

// push pushes files as one layer under a tag, and returns the digest.
func (r shop) push(s *story, tag string, files map[string]string) string {
	s.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, content := range files {
		s.OK(archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}))
		_, err := archive.Write([]byte(content))
		s.OK(err)
	}
	s.OK(archive.Close())
	s.OK(zipped.Close())
	layer, err := oras.PushBytes(s.Context(), r.to, ocispec.MediaTypeImageLayerGzip, packed.Bytes())
	s.OK(err)
	manifest, err := oras.PackManifest(s.Context(), r.to, oras.PackManifestVersion1_1, "application/vnd.example.config",
		oras.PackManifestOptions{Layers: []ocispec.Descriptor{layer}})
	s.OK(err)
	s.OK(r.to.Tag(s.Context(), manifest, tag))
	return manifest.Digest.String()
}
