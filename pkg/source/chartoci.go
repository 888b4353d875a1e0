// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	orasremote "oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// The layers that are read: charts, and plain archives (as Argo CD 3.5: util/oci, and the
// default of --oci-layer-media-types).
const (
	helmLayer   = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	zippedLayer = ocispec.MediaTypeImageLayerGzip
	plainLayer  = ocispec.MediaTypeImageLayer
)

const (
	maxOCIManifestBytes = 4 << 20
	maxTagPages         = 100
	maxLayers           = 10
)

// ociCharts is a registry and a path in it.
type ociCharts struct {
	at          location
	credentials Credentials
	bounds      archiveBounds
	client      orasremote.Client
}

func newOCICharts(at location, credentials Credentials, bounds archiveBounds) (*ociCharts, error) {
	own, other, err := transports(at, Request{Credentials: credentials})
	if err != nil {
		return nil, err
	}
	given := auth.Credential{Username: credentials.Username, Password: credentials.Password}
	if credentials.BearerToken != "" {
		given = auth.Credential{AccessToken: credentials.BearerToken}
	} else if (given.Username == "") != (given.Password == "") {
		return nil, failure(Invalid, "Secret %s: a registry asks for username and password: set both", credentials.Secret)
	}
	host := location{host: at.host, port: at.port}.authority()
	client := &auth.Client{Cache: auth.NewCache(), Client: &http.Client{
		Transport: byHost{host: host, own: own, other: other}, CheckRedirect: noDowngrade,
	}}
	if given != (auth.Credential{}) {
		client.Credential = auth.StaticCredential(host, given)
	}
	return &ociCharts{at: at, credentials: credentials, bounds: bounds, client: client}, nil
}

// noDowngrade follows redirects, as registries send them for blobs, but never from https.
func noDowngrade(next *http.Request, via []*http.Request) error {
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return &redirectError{to: printable(next.URL.Scheme + "://" + next.URL.Host)}
	}
	if len(via) > 5 {
		return errors.New("the server redirects more than 5 times")
	}
	return nil
}

func (o *ociCharts) repository(chart string) (*orasremote.Repository, error) {
	name := strings.Trim(strings.Trim(o.at.path, "/")+"/"+chart, "/")
	reference := registry.Reference{Registry: location{host: o.at.host, port: o.at.port}.authority(), Repository: name}
	if err := reference.Validate(); err != nil {
		return nil, failure(Invalid, "names %q in a registry, which is not a name there: use lower case", printable(name))
	}
	return &orasremote.Repository{
		Client: o.client, Reference: reference, PlainHTTP: o.credentials.PlainHTTP,
		TagListMaxPages: maxTagPages, MaxMetadataBytes: maxOCIManifestBytes,
	}, nil
}

// resolve finds the tag or digest that a revision names, and the layer with the files.
func (o *ociCharts) resolve(ctx context.Context, chart, revision string, _ time.Time) (chartVersion, error) {
	repository, err := o.repository(chart)
	if err != nil {
		return chartVersion{}, err
	}
	tag, err := o.tag(ctx, repository, revision)
	if err != nil {
		return chartVersion{}, err
	}
	described, body, err := repository.FetchReference(ctx, tag)
	if err != nil {
		return chartVersion{}, o.failed(err)
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(&limitedReader{r: body, left: maxOCIManifestBytes, what: "the manifest is"})
	if err != nil {
		return chartVersion{}, o.failed(err)
	}
	if got := "sha256:" + digestOf(content); described.Digest.String() != got {
		return chartVersion{}, failure(Damaged, "the manifest has the digest %s, the registry says %s: "+
			"ask who keeps the registry", got, printable(described.Digest.String()))
	}
	layer, err := layerOf(content)
	if err != nil {
		return chartVersion{}, err
	}
	found := chartVersion{
		Version: strings.ReplaceAll(tag, "_", "+"), Digest: layer.Digest.Encoded(), Plain: layer.MediaType != helmLayer,
	}
	if chart == "" || isDigest(tag) {
		found.Version = described.Digest.String()
	}
	return found, nil
}

// tag returns the revision where it is a tag or a digest, else the highest tag in its range.
// Tags have no +, which versions have (as Helm).
func (o *ociCharts) tag(ctx context.Context, repository *orasremote.Repository, revision string) (string, error) {
	wanted := strings.ReplaceAll(revision, "+", "_")
	if wanted != "" && !isRange(revision) {
		return wanted, nil
	}
	var versions []chartVersion
	err := repository.Tags(ctx, "", func(tags []string) error {
		for _, tag := range tags {
			versions = append(versions, chartVersion{Version: strings.ReplaceAll(tag, "_", "+")})
		}
		return nil
	})
	if err != nil {
		return "", o.failed(err)
	}
	found, err := choose(versions, revision)
	return strings.ReplaceAll(found.Version, "+", "_"), err
}

// isRange tells a range of versions from a tag such as latest or 1.2, and from a digest.
func isRange(revision string) bool {
	_, err := semver.NewConstraint(revision)
	return err == nil && !exactVersion(revision)
}

// layerOf returns the one layer of an artifact that holds its files. Others, such as
// attestations, may be beside it.
func layerOf(content []byte) (ocispec.Descriptor, error) {
	var manifest ocispec.Manifest
	if err := json.Unmarshal(content, &manifest); err != nil {
		return ocispec.Descriptor{}, failure(Invalid, "the registry answers with what is not a manifest")
	}
	if len(manifest.Layers) > maxLayers {
		return ocispec.Descriptor{}, failure(TooLarge, "the artifact has %d layers, the limit is %d",
			len(manifest.Layers), maxLayers)
	}
	var found []ocispec.Descriptor
	for _, layer := range manifest.Layers {
		switch kind := layer.MediaType; {
		case kind == helmLayer || kind == zippedLayer || kind == plainLayer:
			found = append(found, layer)
		case strings.HasSuffix(kind, "tar+gzip") || strings.HasSuffix(kind, "tar"):
			return ocispec.Descriptor{}, failure(Invalid, "the artifact has a layer of the media type %q: "+
				"push it as %s", printable(kind), zippedLayer)
		}
	}
	switch {
	case len(found) != 1:
		return ocispec.Descriptor{}, failure(Invalid, "the artifact has %d layers of a chart or of files as tar or "+
			"tar+gzip: it must have one", len(found))
	case found[0].Digest.Validate() != nil || found[0].Digest.Algorithm() != "sha256":
		return ocispec.Descriptor{}, failure(Invalid, "the artifact's layer has no SHA-256 digest")
	}
	return found[0], nil
}

// fetch gets the layer of a version.
func (o *ociCharts) fetch(ctx context.Context, chart string, wanted chartVersion) ([]byte, error) {
	repository, err := o.repository(chart)
	if err != nil {
		return nil, err
	}
	described, body, err := repository.Blobs().FetchReference(ctx, "sha256:"+wanted.Digest)
	if err != nil {
		return nil, o.failed(err)
	}
	defer func() { _ = body.Close() }()
	if described.Size > o.bounds.file {
		return nil, failure(TooLarge, "the archive has %d bytes, the limit is %d", described.Size, o.bounds.file)
	}
	content, err := io.ReadAll(&limitedReader{r: body, left: o.bounds.file, what: "the archive is"})
	if err != nil {
		return nil, o.failed(err)
	}
	return content, nil
}

// failed makes the error of a registry one that is safe to show.
func (o *ociCharts) failed(err error) error {
	if answer, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		return chartStatus(answer.StatusCode, o.credentials)
	}
	if errors.Is(err, auth.ErrBasicCredentialNotFound) {
		return chartStatus(http.StatusUnauthorized, o.credentials)
	}
	if errors.Is(err, errdef.ErrNotFound) {
		return chartStatus(http.StatusNotFound, o.credentials)
	}
	return transportError(err, o.credentials)
}
