// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// newRegistry is an OCI registry that asks for a password.
func newRegistry(t *testing.T) *httptest.Server {
	t.Helper()
	backend := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// layer is a part of an artifact.
type layer struct {
	kind    string
	content []byte
}

// upload puts an artifact of one layer into a registry, and returns its digest.
func upload(t *testing.T, server *httptest.Server, name, tag, mediaType string, content []byte) string {
	t.Helper()
	return uploadAll(t, server, name, tag, layer{mediaType, content})
}

func uploadAll(t *testing.T, server *httptest.Server, name, tag string, layers ...layer) string {
	t.Helper()
	send := func(method, path, kind string, body []byte) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("u", "secret")
		request.Header.Set("Content-Type", kind)
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusCreated {
			t.Fatalf("%s %s: %s", method, path, response.Status)
		}
	}
	blob := func(content []byte) string {
		digest := "sha256:" + sumOf(content)
		send(http.MethodPost, "/v2/"+name+"/blobs/uploads/?digest="+digest, "application/octet-stream", content)
		return digest
	}
	config := []byte("{}")
	const kind = "application/vnd.oci.image.manifest.v1+json"
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json",`+
		`"digest":%q,"size":%d},"layers":[`, kind, blob(config), len(config))
	for i, one := range layers {
		if i > 0 {
			manifest = append(manifest, ',')
		}
		manifest = fmt.Appendf(manifest, `{"mediaType":%q,"digest":%q,"size":%d}`, one.kind, blob(one.content), len(one.content))
	}
	manifest = append(manifest, "]}"...)
	send(http.MethodPut, "/v2/"+name+"/manifests/"+tag, kind, manifest)
	return "sha256:" + sumOf(manifest)
}

const (
	helmLayer   = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	zippedLayer = "application/vnd.oci.image.layer.v1.tar+gzip"
	plainLayer  = "application/vnd.oci.image.layer.v1.tar"
)

func TestOCIRegistries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	server := newRegistry(t)
	host := strings.TrimPrefix(server.URL, "http://")
	credentials, err := source.ChartCredentialsFrom([]*corev1.Secret{
		secret("git", "repository", "url", "oci://"+host+"/charts", "password", "of git"),
		secret("charts", "repo-creds", "url", host, "type", "helm", "enableOCI", "true", "username", "u", "password", "secret",
			"insecureOCIForceHttp", "true"),
	}, "oci://"+host+"/charts", "")
	if err != nil || credentials.Secret != "argocd/charts" {
		t.Fatalf("credentials are %v, %v", credentials, err)
	}
	digest := upload(t, server, "charts/shop", "1.0.0", helmLayer, chartOf(t, "1.0.0"))
	upload(t, server, "charts/shop", "1.1.0_build.1", helmLayer, chartOf(t, "1.1.0"))
	for _, url := range []string{"oci://" + host + "/charts", host + "/charts"} {
		for revision, want := range map[string]string{
			"1.0.0": "1.0.0", "^1.0.0": "1.1.0+build.1", "": "1.1.0+build.1", "1.1.0+build.1": "1.1.0+build.1", digest: digest,
		} {
			snapshot := w.snapshot(source.Request{URL: url, Chart: "shop", Revision: revision, Credentials: credentials})
			if snapshot.Revision != want || !strings.HasPrefix(reads(t, snapshot.Tree, "Chart.yaml"), "{apiVersion") {
				t.Errorf("%s %q is %s", url, revision, snapshot.Revision)
			}
		}
	}
	chart := w.snapshot(source.Request{URL: "oci://" + host + "/charts/shop", Revision: "1.0.0", Credentials: credentials})
	if chart.Revision != digest || reads(t, chart.Tree, "templates/a.yaml") != "version: 1.0.0\n" {
		t.Errorf("a chart as an artifact is %s", chart.Revision)
	}
	upload(t, server, "charts/odd", "1.0.0", "text/plain", []byte("x"))
	fails := func(url, chart, revision string, reason source.Reason, credentials source.Credentials) {
		t.Helper()
		text := w.fails(source.Request{URL: url, Chart: chart, Revision: revision, Credentials: credentials}, reason)
		if strings.Contains(text, "secret") || strings.Contains(text, "wrong") {
			t.Errorf("the error shows a secret: %s", text)
		}
	}
	fails("oci://"+host+"/charts", "odd", "1.0.0", source.Invalid, credentials)
	fails("oci://"+host+"/charts", "shop", "9.0.0", source.NotFound, credentials)
	fails("oci://"+host+"/charts", "gone", "1.0.0", source.NotFound, credentials)
	fails("oci://"+host+"/charts", "UPPER", "1.0.0", source.Invalid, credentials)
	wrong := credentials
	wrong.Password = "wrong"
	fails("oci://"+host+"/charts", "shop", "1.0.0", source.Unauthorized, wrong)
	fails("oci://"+host+"/charts", "shop", "1.0.0", source.Unauthorized, source.Credentials{PlainHTTP: true})
	fails("oci://"+host+"/charts", "shop", "1.0.0", source.Unreachable, source.Credentials{})
}

func TestArtifactsOfManifests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	server := newRegistry(t)
	host := strings.TrimPrefix(server.URL, "http://")
	credentials := source.Credentials{Username: "u", Password: "secret", PlainHTTP: true}
	request := func(name, revision string) source.Request {
		return source.Request{URL: "oci://" + host + "/config/" + name, Revision: revision, Credentials: credentials}
	}
	zipped := func(text string) []byte { return packed(t, entry("./app/a.yaml", text), entry("README.md", "")) }
	plain, err := gzip.NewReader(bytes.NewReader(zipped("plain")))
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	one := upload(t, server, "config/app", "1.0.0", zippedLayer, zipped("one"))
	two := upload(t, server, "config/app", "1.1.0_eu", zippedLayer, zipped("two"))
	latest := upload(t, server, "config/app", "latest", plainLayer, unzipped)
	attested := uploadAll(t, server, "config/app", "attested", layer{zippedLayer, zipped("three")},
		layer{"application/vnd.in-toto+json", []byte("{}")})
	for revision, want := range map[string][2]string{
		"1.0.0": {one, "one"}, "^1": {two, "two"}, "1.1.0+eu": {two, "two"}, "": {two, "two"}, "latest": {latest, "plain"},
		"attested": {attested, "three"}, one: {one, "one"},
	} {
		snapshot := w.snapshot(request("app", revision))
		if got := reads(t, snapshot.Tree, "app/a.yaml"); snapshot.Revision != want[0] || got != want[1] {
			t.Errorf("%q is %s with %q", revision, snapshot.Revision, got)
		}
	}
	moved := upload(t, server, "config/app", "latest", zippedLayer, zipped("moved"))
	w.clock.Step(2 * time.Minute)
	if snapshot := w.snapshot(request("app", "latest")); snapshot.Revision != moved {
		t.Errorf("a tag that was moved is %s", snapshot.Revision)
	}
	many := make([]layer, 11)
	for i := range many {
		many[i] = layer{"application/vnd.in-toto+json", fmt.Appendf(nil, "%d", i)}
	}
	for tag, test := range map[string]struct {
		layers []layer
		reason source.Reason
		text   string
	}{
		"none":    {[]layer{{"text/plain", []byte("x")}}, source.Invalid, "has 0 layers"},
		"two":     {[]layer{{zippedLayer, zipped("a")}, {plainLayer, unzipped}}, source.Invalid, "has 2 layers"},
		"many":    {many, source.TooLarge, "11 layers"},
		"unknown": {[]layer{{zippedLayer, zipped("a")}, {"application/x.tar+gzip", zipped("b")}}, source.Invalid, `"application/x.tar+gzip"`},
		"bomb":    {[]layer{{zippedLayer, packed(t, entry("a", strings.Repeat("x", 33<<20)))}}, source.TooLarge, "the limit is"},
		"out":     {[]layer{{zippedLayer, packed(t, entry("../a", "x"))}}, source.Invalid, "leads out"},
	} {
		uploadAll(t, server, "config/app", tag, test.layers...)
		if says := w.fails(request("app", tag), test.reason); !strings.Contains(says, test.text) {
			t.Errorf("%s: got %q", tag, says)
		}
	}
	w.fails(request("app", "gone"), source.NotFound)
	w.fails(request("app", "^9"), source.NotFound)
	server.Close()
	w.restart()
	if got := reads(t, w.snapshot(request("app", one)).Tree, "app/a.yaml"); got != "one" {
		t.Errorf("without its registry a digest is %q", got)
	}
}

// A registry that is not what it was, or somebody before it, cannot put other content in the
// place of what a digest names.
func TestADigestIsWhatItNames(t *testing.T) {
	t.Parallel()
	registry := newRegistry(t)
	digest := upload(t, registry, "config/app", "v1", zippedLayer, packed(t, entry("a.yaml", "good")))
	evil := upload(t, registry, "config/app", "v2", zippedLayer, packed(t, entry("a.yaml", "evil")))
	for name, exchange := range map[string]func(path string) string{
		"another manifest": func(path string) string { return strings.Replace(path, "/manifests/"+digest, "/manifests/"+evil, 1) },
		"another blob": func(path string) string {
			good, bad := packed(t, entry("a.yaml", "good")), packed(t, entry("a.yaml", "evil"))
			return strings.Replace(path, sumOf(good), sumOf(bad), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitserver.Options{}, source.Options{})
			front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				r.URL.Path = exchange(r.URL.Path)
				registry.Config.Handler.ServeHTTP(lying{rw, digest}, r)
			}))
			t.Cleanup(front.Close)
			_, err := w.Snapshot(t.Context(), source.Request{
				URL: "oci://" + strings.TrimPrefix(front.URL, "http://") + "/config/app", Revision: digest,
				Credentials: source.Credentials{Username: "u", Password: "secret", PlainHTTP: true},
			})
			if err == nil || !strings.Contains(err.Error(), "digest") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// lying claims that a manifest is another one.
type lying struct {
	http.ResponseWriter
	digest string
}

func (l lying) WriteHeader(status int) {
	if strings.Contains(l.Header().Get("Content-Type"), "manifest") {
		l.Header().Set("Docker-Content-Digest", l.digest)
	}
	l.ResponseWriter.WriteHeader(status)
}

func TestCredentialsOfRegistriesStayWithTheirHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	registry := newRegistry(t)
	host := strings.TrimPrefix(registry.URL, "http://")
	content := chartOf(t, "1.0.0")
	upload(t, registry, "charts/shop", "1.0.0", helmLayer, content)
	credentials := source.Credentials{Username: "u", Password: "secret", PlainHTTP: true}
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"a host that asks for a password": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			rw.WriteHeader(http.StatusUnauthorized)
		},
		"a host that names a server of tokens": func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
			rw.WriteHeader(http.StatusUnauthorized)
		},
		"a host that has nothing": http.NotFound,
		"a host that has the blob": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", strconv.Itoa(len(content)))
			_, _ = rw.Write(content)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 100)
			other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				asked <- r.Header.Get("Authorization")
				answer(rw, r)
			}))
			t.Cleanup(other.Close)
			front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/blobs/") && r.Header.Get("Authorization") != "" {
					http.Redirect(rw, r, other.URL+"/blob", http.StatusTemporaryRedirect)
					return
				}
				registry.Config.Handler.ServeHTTP(rw, r)
			}))
			t.Cleanup(front.Close)
			url := "oci://" + strings.TrimPrefix(front.URL, "http://") + "/charts"
			_, err := w.Snapshot(t.Context(), source.Request{
				URL: url, Chart: "shop", Revision: "1.0.0", Credentials: credentials,
			})
			if (err == nil) != (name == "a host that has the blob") || err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error is %v", err)
			}
			if len(asked) == 0 {
				t.Errorf("the other host was not asked: %v", err)
			}
			for range len(asked) {
				if got := <-asked; got != "" {
					t.Errorf("the other host got %q", got)
				}
			}
		})
	}
	half := source.Credentials{Password: "secret", PlainHTTP: true}
	says := w.fails(source.Request{URL: "oci://" + host + "/charts", Chart: "shop", Credentials: half}, source.Invalid)
	if !strings.Contains(says, "set both") {
		t.Errorf("got %q", says)
	}
}
