// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package registry is a registry of OCI artifacts over HTTP for tests.
//
// Input: files by path. Output: artifacts at a real address.
package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"
)

// Repository is the one repository of a registry.
type Repository struct {
	server *httptest.Server
	to     *remote.Repository
}

// Start starts a registry. It ends with Close.
func Start() (*Repository, error) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	to, err := remote.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/team/config")
	if err != nil {
		server.Close()
		return nil, err
	}
	to.PlainHTTP = true
	return &Repository{server, to}, nil
}

// Close ends the registry.
func (r *Repository) Close() { r.server.Close() }

// URL is the repoURL of the repository.
func (r *Repository) URL() string {
	return "oci://" + r.to.Reference.Registry + "/" + r.to.Reference.Repository
}

// Push pushes files as one layer under a tag, as oras push does, and returns the digest.
func (r *Repository) Push(ctx context.Context, tag string, files map[string]string) (digest string, err error) {
	packed, err := pack(files)
	if err != nil {
		return "", err
	}
	layer, err := oras.PushBytes(ctx, r.to, ocispec.MediaTypeImageLayerGzip, packed)
	if err != nil {
		return "", err
	}
	manifest, err := oras.PackManifest(ctx, r.to, oras.PackManifestVersion1_1, "application/vnd.example.config",
		oras.PackManifestOptions{Layers: []ocispec.Descriptor{layer}})
	if err != nil {
		return "", err
	}
	return manifest.Digest.String(), r.to.Tag(ctx, manifest, tag)
}

// pack makes an archive of files.
func pack(files map[string]string) ([]byte, error) {
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, content := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			return nil, err
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			return nil, err
		}
	}
	err := errors.Join(archive.Close(), zipped.Close())
	return packed.Bytes(), err
}
