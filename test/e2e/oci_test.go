// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// publish pushes files as one layer under a tag, as oras push does, and returns the digest.
func (s *story) publish(to *remote.Repository, tag string, files map[string]string) string {
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
	layer, err := oras.PushBytes(s.Context(), to, ocispec.MediaTypeImageLayerGzip, packed.Bytes())
	s.OK(err)
	manifest, err := oras.PackManifest(s.Context(), to, oras.PackManifestVersion1_1, "application/vnd.example.config",
		oras.PackManifestOptions{Layers: []ocispec.Descriptor{layer}})
	s.OK(err)
	s.OK(to.Tag(s.Context(), manifest, tag))
	return manifest.Digest.String()
}

func TestManifestsComeFromAnArtifactOfARegistry(t *testing.T) {
	s := begin(t, "artifact", nil)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	name := strings.TrimPrefix(server.URL, "http://") + "/team/config"
	to, err := remote.NewRepository(name)
	s.OK(err)
	to.PlainHTTP = true
	kustomized := func(value string) map[string]string {
		return map[string]string{
			"app/kustomization.yaml": "{namePrefix: my-, resources: [shop.yaml]}\n", "app/shop.yaml": configMap("shop", value),
		}
	}
	first := s.publish(to, "1.0.0", kustomized("one"))
	s.apply(fmt.Sprintf(`{apiVersion: v1, kind: Secret,
  metadata: {name: artifact, namespace: %s, labels: {argocd.argoproj.io/secret-type: repository}},
  stringData: {type: oci, url: %q, insecureOCIForceHttp: "true"}}
`, argocd, "oci://"+name), strings.Replace(s.application("artifact", staging, "app", ""),
		fmt.Sprintf("repoURL: %q, path: app, targetRevision: HEAD", s.repo.URL()),
		fmt.Sprintf("repoURL: %q, path: app, targetRevision: ^1", "oci://"+name), 1))
	s.settled("artifact")
	s.value(staging, "configmap/my-shop", ".data.value", "one")
	s.Until(s.hub, plane.Prints(first+" Kustomize"), "get", "application", "artifact", "-n", argocd, "-o",
		"jsonpath={.status.sync.revision} {.status.sourceType}")

	second := s.publish(to, "1.1.0", kustomized("two"))
	s.Kubectl(s.hub, "annotate", "application", "artifact", "-n", argocd, "argocd.argoproj.io/refresh=normal")
	s.value(staging, "configmap/my-shop", ".data.value", "two")
	s.Until(s.hub, plane.Prints(second), "get", "application", "artifact", "-n", argocd, "-o",
		"jsonpath={.status.sync.revision}")

	s.publish(to, "1.2.0", map[string]string{"../shop.yaml": configMap("shop", "three")})
	s.Kubectl(s.hub, "annotate", "application", "artifact", "-n", argocd, "argocd.argoproj.io/refresh=normal")
	s.condition("artifact", "ComparisonError", "leads out of it")
	s.value(staging, "configmap/my-shop", ".data.value", "two")
	s.remove("artifact")
	s.Kubectl(s.hub, "delete", "secret", "artifact", "-n", argocd)
}
