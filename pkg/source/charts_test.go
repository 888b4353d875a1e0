// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// packed is a gzipped archive of entries, in their order.
func packed(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, entry := range entries {
		content := entry.PAXRecords["content"]
		entry.PAXRecords = nil
		if entry.Typeflag == 0 {
			entry.Typeflag = tar.TypeReg
		}
		entry.Size, entry.Mode = int64(len(content)), 0o644
		if err := archive.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func entry(name, content string) tar.Header {
	return tar.Header{Name: name, PAXRecords: map[string]string{"content": content}}
}

func chartOf(t testing.TB, version string) []byte {
	t.Helper()
	return packed(t, entry("shop/Chart.yaml", "{apiVersion: v2, name: shop, version: "+version+"}\n"),
		entry("shop/templates/a.yaml", "version: "+version+"\n"))
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// chartServer serves files, and remembers who asked for what.
type chartServer struct {
	*httptest.Server
	mu       sync.Mutex
	files    map[string][]byte
	password string
	asked    []string
	away     bool
	redirect map[string]string
}

func newChartServer(t *testing.T, start func(*httptest.Server)) *chartServer {
	t.Helper()
	s := &chartServer{files: map[string][]byte{}, redirect: map[string]string{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(s.Server)
	t.Cleanup(s.Close)
	return s
}

func (s *chartServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, password, given := r.BasicAuth()
	s.asked = append(s.asked, strings.TrimSpace(r.URL.Path+" "+strings.Trim(user+":"+password, ":")))
	content, found := s.files[r.URL.Path]
	tag := `"` + sumOf(content) + `"`
	switch {
	case s.away:
		http.Error(w, "away", http.StatusServiceUnavailable)
	case s.password != "" && (!given || password != s.password):
		http.Error(w, "who are you", http.StatusUnauthorized)
	case s.redirect[r.URL.Path] != "":
		http.Redirect(w, r, s.redirect[r.URL.Path], http.StatusFound)
	case !found:
		http.NotFound(w, r)
	case r.Header.Get("If-None-Match") == tag:
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", tag)
		_, _ = w.Write(content)
	}
}

// change edits what is served, and forgets who asked.
func (s *chartServer) change(edit func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = nil
	edit()
}

func (s *chartServer) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, ", ")
}

// publish puts versions of the chart shop and an index of them into place.
func (s *chartServer) publish(t *testing.T, versions ...string) {
	t.Helper()
	s.change(func() {
		index := "apiVersion: v1\nentries:\n  shop:\n"
		for _, version := range versions {
			content := chartOf(t, version)
			s.files["/charts/shop-"+version+".tgz"] = content
			index += fmt.Sprintf("  - {version: %s, digest: %s, urls: [shop-%s.tgz]}\n", version, sumOf(content), version)
		}
		s.files["/charts/index.yaml"] = []byte(index)
	})
}

func reads(t *testing.T, tree source.Tree, name string) string {
	t.Helper()
	content, err := tree.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestChartRepositories(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	server := newChartServer(t, (*httptest.Server).Start)
	server.publish(t, "1.0.0", "1.2.0", "2.0.0-rc.1")
	at := func(version string) source.Request {
		return source.Request{URL: server.URL + "/charts/", Chart: "shop", Revision: version}
	}
	for revision, want := range map[string]string{
		"": "1.2.0", "1.0.0": "1.0.0", "v1.0.0": "1.0.0", "^1.0.0": "1.2.0", "1.0.x": "1.0.0", ">=2.0.0-0": "2.0.0-rc.1", "*": "1.2.0",
	} {
		snapshot := w.snapshot(at(revision))
		if snapshot.Revision != want || reads(t, snapshot.Tree, "templates/a.yaml") != "version: "+want+"\n" {
			t.Errorf("%q is %s", revision, snapshot.Revision)
		}
	}
	if got := strings.Count(server.requests(), "index.yaml"); got != 1 {
		t.Errorf("the index was asked for %d times: %s", got, server.requests())
	}
	w.fails(at("3.0.0"), source.NotFound)
	w.fails(at("^3"), source.NotFound)
	w.fails(at("latest!"), source.Invalid)
	w.fails(source.Request{URL: server.URL + "/charts", Chart: "other"}, source.NotFound)
	w.fails(source.Request{URL: server.URL + "/nothing", Chart: "shop"}, source.NotFound)
	w.fails(source.Request{URL: server.URL + "/charts", Chart: "../shop"}, source.Invalid)

	first := w.snapshot(at("1.0.0"))
	entry, err := first.Tree.Stat("templates/a.yaml")
	if err != nil || len(entry.ID) != 40 {
		t.Errorf("a file has the id %q (%v)", entry.ID, err)
	}
	w.clock.Step(2 * time.Minute)
	server.change(func() {})
	w.snapshot(at("^1.0.0"))
	if got := server.requests(); got != "/charts/index.yaml" {
		t.Errorf("after an interval without a change: %s", got)
	}
	server.publish(t, "1.0.0", "1.3.0")
	w.Invalidate(server.URL + "/charts")
	w.clock.Step(time.Second)
	if snapshot := w.snapshot(at("^1.0.0")); snapshot.Revision != "1.3.0" {
		t.Errorf("after a refresh it is %s", snapshot.Revision)
	}
}

func TestChartsSurviveARestartAndAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	server := newChartServer(t, (*httptest.Server).Start)
	server.publish(t, "1.0.0")
	request := source.Request{URL: server.URL + "/charts", Chart: "shop", Revision: "1.0.0"}
	w.snapshot(request)
	w.restart()
	server.change(func() {})
	w.snapshot(request)
	if got := server.requests(); got != "/charts/index.yaml" {
		t.Errorf("after a restart: %s", got)
	}
	w.restart()
	server.change(func() { server.away = true })
	if got := reads(t, w.snapshot(request).Tree, "templates/a.yaml"); got != "version: 1.0.0\n" {
		t.Errorf("while the server is away: %s", got)
	}
	request.Revision = "^1"
	w.fails(request, source.Unreachable)
	server.change(func() { server.away = false })
	request.Revision = "1.0.0"
	archives, err := filepath.Glob(filepath.Join(w.options.Dir, "charts", "*.tgz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("archives: %v %v", archives, err)
	}
	if err := os.WriteFile(archives[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if got := reads(t, w.snapshot(request).Tree, "templates/a.yaml"); got != "version: 1.0.0\n" {
		t.Errorf("after damage: %s", got)
	}
}

func TestSubscribersHearOfNewVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	server := newChartServer(t, (*httptest.Server).Start)
	server.publish(t, "1.0.0")
	request := source.Request{URL: server.URL + "/charts", Chart: "shop", Revision: "^1"}
	w.snapshot(request)
	heard := make(chan string, 10)
	defer w.Subscribe(func(url string) { heard <- url })()
	go w.Repositories.Run(t.Context())
	server.publish(t, "1.0.0", "1.1.0")
	for {
		w.clock.Step(time.Minute)
		select {
		case url := <-heard:
			if !source.SameRepository(url, request.URL) {
				t.Errorf("heard of %s", url)
			}
			return
		case <-time.After(20 * time.Millisecond):
			// Repositories that nobody reads are polled no longer.
			w.snapshot(source.Request{URL: request.URL, Chart: "shop", Revision: "1.0.0"})
		}
	}
}

func TestCredentialsOfChartRepositoriesStayWithTheirHost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pass     bool
		redirect bool
		want     string
	}{
		"an archive at another host":                              {false, false, "/shop.tgz"},
		"an archive at another host that is trusted":              {true, false, "/shop.tgz u:secret"},
		"an archive that is redirected to another host":           {false, true, "/shop.tgz"},
		"an archive that is redirected to a host that is trusted": {true, true, "/shop.tgz u:secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitserver.Options{}, source.Options{})
			server, other := newChartServer(t, (*httptest.Server).Start), newChartServer(t, (*httptest.Server).Start)
			place := other.URL + "/shop.tgz"
			if test.redirect {
				server.change(func() { server.redirect["/there.tgz"] = place })
				place = "there.tgz"
			}
			server.change(func() {
				server.password = "secret"
				server.files["/index.yaml"] = fmt.Appendf(nil, "entries: {shop: [{version: 1.0.0, urls: [%q]}]}", place)
			})
			other.change(func() { other.files["/shop.tgz"] = chartOf(t, "1.0.0") })
			request := source.Request{
				URL: server.URL, Chart: "shop", Revision: "1.0.0", PassCredentials: test.pass,
				Credentials: source.Credentials{Username: "u", Password: "secret", Secret: "argocd/charts"},
			}
			w.snapshot(request)
			if got := other.requests(); got != test.want {
				t.Errorf("the other host saw %q, want %q", got, test.want)
			}
			request.Credentials.Password = "wrong"
			if text := w.fails(request, source.Unauthorized); strings.Contains(text, "wrong") || !strings.Contains(text, "argocd/charts") {
				t.Errorf("the error is %s", text)
			}
		})
	}
}

func TestChartRepositoriesOverTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	server := newChartServer(t, (*httptest.Server).StartTLS)
	server.publish(t, "1.0.0")
	request := source.Request{URL: server.URL + "/charts", Chart: "shop", Revision: "1.0.0"}
	w.fails(request, source.Unreachable)
	request.Credentials.Insecure = true
	w.snapshot(request)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	trust := source.Trust{Certificates: map[string]string{"127.0.0.1": string(authority)}}
	request.Credentials = source.Credentials{}.Trusting(trust, request.URL)
	w.snapshot(request)
	request.Revision = "^1"
	plain := newChartServer(t, (*httptest.Server).Start)
	plain.publish(t, "1.0.0")
	server.change(func() { server.redirect["/charts/index.yaml"] = plain.URL + "/charts/index.yaml" })
	w.Invalidate(request.URL)
	w.clock.Step(time.Second)
	if text := w.fails(request, source.Unreachable); !strings.Contains(text, "from https to http") {
		t.Error(text)
	}
}

func TestHostileChartRepositories(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{MaxFileBytes: 1 << 20})
	many := make([]tar.Header, 30_000)
	for i := range many {
		many[i] = entry(fmt.Sprintf("shop/f%d", i), "")
	}
	deep := make([]tar.Header, 100)
	for i := range deep {
		deep[i] = entry(fmt.Sprintf("shop/%d/%s", i, strings.Repeat("a/", 400)+"x"), "")
	}
	zeros := strings.Repeat("\x00", 1<<20-1)
	bomb := make([]tar.Header, 110)
	for i := range bomb {
		bomb[i] = entry(fmt.Sprintf("shop/f%d", i), zeros)
	}
	alias := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		alias += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	tests := map[string]struct {
		archive []byte
		index   string
		reason  source.Reason
		text    string
	}{
		"a name that leads out":        {archive: packed(t, entry("shop/../../etc/passwd", "x")), reason: source.Invalid, text: "leads out"},
		"an absolute name":             {archive: packed(t, entry("/etc/passwd", "x")), reason: source.Invalid, text: "not a path"},
		"a name with backslashes":      {archive: packed(t, entry(`shop\..\x`, "x")), reason: source.Invalid, text: "not a path"},
		"a name twice":                 {archive: packed(t, entry("shop/a", "x"), entry("shop/a", "y")), reason: source.Invalid, text: "twice"},
		"a file that is a directory":   {archive: packed(t, entry("shop/a", "x"), entry("shop/a/b", "y")), reason: source.Invalid, text: "as a file and as a directory"},
		"a hard link":                  {archive: packed(t, tar.Header{Name: "shop/a", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}), reason: source.Invalid, text: "neither a file"},
		"a device":                     {archive: packed(t, tar.Header{Name: "shop/a", Typeflag: tar.TypeChar}), reason: source.Invalid, text: "neither a file"},
		"too many entries":             {archive: packed(t, many...), reason: source.TooLarge, text: "entries"},
		"a bomb":                       {archive: packed(t, bomb...), reason: source.TooLarge, text: "bytes together"},
		"a file that is too large":     {archive: packed(t, entry("shop/a", zeros+"xx")), reason: source.TooLarge, text: "limit"},
		"what is no archive":           {archive: []byte("hello"), reason: source.Invalid, text: "cannot be unpacked"},
		"what only begins as one":      {archive: []byte("\x1f\x8bhello"), reason: source.Invalid, text: "not a gzipped archive"},
		"nothing":                      {archive: []byte(""), reason: source.Invalid, text: "holds no files"},
		"directories without end":      {archive: packed(t, deep...), reason: source.TooLarge, text: "files and directories"},
		"an archive that is cut":       {archive: chartOf(t, "1.0.0")[:60], reason: source.Invalid, text: "cannot be unpacked"},
		"an archive of another digest": {index: "entries: {shop: [{version: 1.0.0, digest: 00, urls: [shop.tgz]}]}", archive: chartOf(t, "1.0.0"), reason: source.Damaged, text: "digest"},
		"an index that is no YAML":     {index: "entries: [", reason: source.Invalid, text: "index.yaml"},
		"an index that is a YAML bomb": {index: alias + "entries: {shop: [{version: 1.0.0, urls: *a11}]}\n", reason: source.Invalid, text: "index.yaml"},
		"an index that is too large":   {index: "# " + strings.Repeat("x", 25<<20), reason: source.TooLarge, text: "larger"},
		"an index of too many values":  {index: "x: [" + strings.Repeat("a,", 1_100_000) + "]", reason: source.TooLarge, text: "lines and values"},
		"an index of other things":     {index: "entries: {shop: [{version: {a: b}}]}", reason: source.Invalid, text: "index.yaml"},
		"a place that is a file":       {index: "entries: {shop: [{version: 1.0.0, urls: ['file:///etc/passwd']}]}", reason: source.Invalid, text: "only https and http"},
		"a place that is no URL":       {index: "entries: {shop: [{version: 1.0.0, urls: ['http://[::1']}]}", reason: source.Invalid, text: "no URL"},
		"a version without a place":    {index: "entries: {shop: [{version: 1.0.0}]}", reason: source.NotFound, text: "no chart of this name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newChartServer(t, (*httptest.Server).Start)
			index := "entries: {shop: [{version: 1.0.0, urls: [shop.tgz]}]}"
			if test.index != "" {
				index = test.index
			}
			server.change(func() { server.files["/index.yaml"], server.files["/shop.tgz"] = []byte(index), test.archive })
			own := *w
			own.T = t
			text := own.fails(source.Request{URL: server.URL, Chart: "shop", Revision: "1.0.0"}, test.reason)
			if !strings.Contains(text, test.text) || len(text) > 1000 {
				t.Errorf("want %q, got %.2000s", test.text, text)
			}
		})
	}
	t.Run("a symbolic link is kept as one", func(t *testing.T) {
		t.Parallel()
		server := newChartServer(t, (*httptest.Server).Start)
		server.change(func() {
			server.files["/index.yaml"] = []byte("entries: {shop: [{version: 1.0.0, urls: [shop.tgz]}]}")
			server.files["/shop.tgz"] = packed(t, tar.Header{Name: "shop/a", Typeflag: tar.TypeSymlink, Linkname: "../../etc/passwd"})
		})
		snapshot := w.snapshot(source.Request{URL: server.URL, Chart: "shop", Revision: "1.0.0"})
		if entry, err := snapshot.Tree.Stat("a"); err != nil || entry.Kind != source.Symlink {
			t.Errorf("got %+v, %v", entry, err)
		}
	})
}

func TestChartRepositoriesBehindAProxy(t *testing.T) {
	t.Parallel()
	server, registry := newChartServer(t, (*httptest.Server).Start), newRegistry(t)
	server.publish(t, "1.0.0")
	upload(t, registry, "charts/shop", "1.0.0", helmLayer, chartOf(t, "1.0.0"))
	for name, test := range map[string]struct{ scheme, at string }{
		"a chart repository": {"http://", server.URL},
		"a registry":         {"oci://", registry.URL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitserver.Options{}, source.Options{})
			proxy, address := serveProxy(t, true)
			url := test.scheme + strings.Replace(strings.TrimPrefix(test.at, "http://"), "127.0.0.1", "charts.invalid", 1) + "/charts"
			credentials, err := source.ChartCredentialsFrom([]*corev1.Secret{secret("s", "repository", "url", url,
				"type", "helm", "username", "u", "password", "secret", "insecureOCIForceHttp", "true",
				"proxy", proxyAccess+address)}, url, "")
			if err != nil {
				t.Fatal(err)
			}
			w.snapshot(source.Request{URL: url, Chart: "shop", Revision: "1.0.0", Credentials: credentials})
			if proxy.requests.Load() == 0 {
				t.Error("the proxy was not asked")
			}
			credentials.Proxy = address
			text := w.fails(source.Request{URL: url, Chart: "shop", Revision: "1.0.0", Credentials: credentials}, source.Unreachable)
			if !strings.Contains(text, "the proxy asks for") || strings.Contains(text, "secret") {
				t.Errorf("got %q", text)
			}
		})
	}
}

// An index and a registry say where charts are, and could say that they are where only this
// machine gets.
func TestChartsAreNotFetchedFromThisMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	inside := newChartServer(t, (*httptest.Server).Start)
	server, registry := newChartServer(t, (*httptest.Server).Start), newRegistry(t)
	upload(t, registry, "charts/shop", "1.0.0", helmLayer, chartOf(t, "1.0.0"))
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			http.Redirect(rw, r, inside.URL+"/metadata", http.StatusTemporaryRedirect)
			return
		}
		registry.Config.Handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	outside := func(url string) string { return strings.Replace(url, "127.0.0.1", anywhere, 1) }
	for name, place := range map[string]string{
		"an address": inside.URL + "/metadata", "a name": strings.Replace(inside.URL, "127.0.0.1", "localhost", 1) + "/metadata",
		"a redirect": "there.tgz",
	} {
		server.change(func() {
			server.redirect["/there.tgz"] = inside.URL + "/metadata"
			server.files["/"+strings.ReplaceAll(name, " ", "")+"/index.yaml"] = fmt.Appendf(nil, "entries: {shop: [{version: 1.0.0, urls: [%q]}]}",
				strings.Replace(place, "there", "../there", 1))
		})
		url := outside(server.URL) + "/" + strings.ReplaceAll(name, " ", "")
		w.fails(source.Request{URL: url, Chart: "shop", Revision: "1.0.0"}, source.Invalid)
	}
	w.fails(source.Request{
		URL: "oci://" + outside(strings.TrimPrefix(front.URL, "http://")) + "/charts", Chart: "shop", Revision: "1.0.0",
		Credentials: source.Credentials{Username: "u", Password: "secret", PlainHTTP: true},
	}, source.Invalid)
	if got := inside.requests(); got != "" {
		t.Errorf("this machine was asked for %s", got)
	}
}

func TestCredentialsOfChartsAreOfTheirProject(t *testing.T) {
	t.Parallel()
	const url = "https://charts.example.com/team"
	of := func(name, project, kind string) *corev1.Secret {
		return secret(name, "repository", "url", url, "type", kind, "project", project, "username", "u", "password", name)
	}
	secrets := []*corev1.Secret{
		of("git", "", "git"), of("team", "team", "helm"), of("other", "other", "helm"),
		secret("creds", "repo-creds", "url", "https://charts.example.com", "type", "helm", "project", "third", "username", "u", "password", "x"),
	}
	for name, test := range map[string]struct{ url, project, want string }{
		"a project's own":                  {url, "team", "argocd/team"},
		"another project's own":            {url, "other", "argocd/other"},
		"a template of a project":          {url, "third", "argocd/creds"},
		"what is another project's is not": {url, "default", ""},
		"nor is what is for Git":           {url, "", ""},
		"nor what is for a host like it":   {"https://charts.example.com.evil.org/team", "third", ""},
		"nor what is for another registry": {"oci://charts.example.com/team", "third", ""},
		"nor what is for a path like it":   {url + "s", "team", ""},
	} {
		found, err := source.ChartCredentialsFrom(secrets, test.url, test.project)
		if err != nil || found.Secret != test.want {
			t.Errorf("%s: got %q, %v", name, found.Secret, err)
		}
	}
}

func TestArchivesAreKeptWithinALimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{MaxRepositoryBytes: 1200})
	server := newChartServer(t, (*httptest.Server).Start)
	server.publish(t, "1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0", "6.0.0")
	for _, version := range []string{"1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0", "6.0.0"} {
		snapshot := w.snapshot(source.Request{URL: server.URL + "/charts", Chart: "shop", Revision: version})
		if got := reads(t, snapshot.Tree, "templates/a.yaml"); got != "version: "+version+"\n" {
			t.Errorf("%s is %q", version, got)
		}
	}
	files, err := filepath.Glob(filepath.Join(w.options.Dir, "charts", "*"))
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 1200 || len(files) == 0 {
		t.Errorf("%d files of %d bytes are kept", len(files), total)
	}
}
