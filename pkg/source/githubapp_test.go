// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// gitHub answers as GitHub's API does, in front of a Git server that takes its tokens.
type gitHub struct {
	*world
	key       *rsa.PrivateKey
	port      string
	exchanges atomic.Int64
	revoked   atomic.Bool
	repeats   atomic.Bool // puts what it got into an error
	elsewhere string      // where the API redirects to
}

const appID, installationID = 3405, 7012

func newGitHub(t *testing.T) *gitHub {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	g := &gitHub{world: newWorld(t, gitserver.Options{}, source.Options{}), key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v3/app/installations/{id}/access_tokens", g.exchange)
	mux.HandleFunc("GET /api/v3/app/installations", g.installations)
	mux.HandleFunc("/", g.git)
	g.port = newAuthority(t).serve(mux, nil)
	return g
}

func (g *gitHub) token() string { return fmt.Sprintf("ghs_16C7e42F292c69-%d", g.exchanges.Load()) }

// isApp checks the assertion as GitHub says that it does.
func (g *gitHub) isApp(w http.ResponseWriter, r *http.Request) bool {
	assertion := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims := jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(assertion, &claims, func(*jwt.Token) (any, error) { return &g.key.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(fmt.Sprint(appID)), jwt.WithIssuedAt(),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(g.clock.Now))
	if err != nil || claims.ExpiresAt.Sub(g.clock.Now()) > 10*time.Minute {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"message":"A JSON web token could not be decoded: %s"}`, assertion)
		return false
	}
	return true
}

func (g *gitHub) exchange(w http.ResponseWriter, r *http.Request) {
	switch {
	case g.elsewhere != "":
		http.Redirect(w, r, g.elsewhere, http.StatusTemporaryRedirect)
	case !g.isApp(w, r):
	case r.PathValue("id") != fmt.Sprint(installationID):
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}`))
	default:
		g.exchanges.Add(1)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"token":%q,"expires_at":%q,"permissions":{"contents":"read"},"repository_selection":"all"}`,
			g.token(), g.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}
}

// installations lists 150 of them on two pages; that of the owner "Team" is on the second.
func (g *gitHub) installations(w http.ResponseWriter, r *http.Request) {
	if !g.isApp(w, r) {
		return
	}
	first, last := 0, 100
	if r.URL.Query().Get("page") == "2" {
		first, last = 100, 150
	}
	var listed []string
	for i := first; i < last; i++ {
		id, login := 1+i, fmt.Sprintf("owner-%d", i)
		if i == 120 {
			id, login = installationID, "Team"
		}
		listed = append(listed, fmt.Sprintf(`{"id":%d,"account":{"login":%q,"id":1,"type":"Organization"},"app_id":%d,
			"target_type":"Organization","permissions":{"contents":"read"},"suspended_at":null}`, id, login, appID))
	}
	_, _ = fmt.Fprintf(w, "[%s]", strings.Join(listed, ","))
}

func (g *gitHub) git(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	switch {
	case g.repeats.Load():
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		line := "ERR no access with " + password + " or " + r.Header.Get("Authorization") + "\n"
		_, _ = fmt.Fprintf(w, "%04x%s", len(line)+4, line)
	case user != "x-access-token" || password != g.token() || g.revoked.Swap(false):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		g.server.ServeHTTP(w, r)
	}
}

func (g *gitHub) url() string { return "https://127.0.0.1:" + g.port + "/team/app.git" }

// request is one with the credentials that a Secret with these keys gives.
func (g *gitHub) request(changes ...string) source.Request {
	g.Helper()
	data := append([]string{
		"githubAppID", fmt.Sprint(appID), "githubAppInstallationID", fmt.Sprint(installationID),
		"githubAppPrivateKey", inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(g.key)),
		"githubAppEnterpriseBaseUrl", "https://127.0.0.1:" + g.port + "/api/v3/", "insecure", "true",
	}, changes...)
	return source.Request{URL: g.url(), Credentials: held(g.T, g.url(), data...)}
}

func TestGitHubApp(t *testing.T) {
	t.Parallel()
	t.Run("one token opens all repositories, until shortly before it ends", func(t *testing.T) {
		t.Parallel()
		g := newGitHub(t)
		r := g.create(map[string]string{"a": "1"})
		if _, err := g.server.Create(t.Context(), "team/other.git", map[string]string{"a": "2"}); err != nil {
			t.Fatal(err)
		}
		other := g.request()
		other.URL = strings.Replace(other.URL, "app.git", "other.git", 1)
		for _, step := range []struct {
			after time.Duration
			want  int64
		}{{0, 1}, {45 * time.Minute, 1}, {6 * time.Minute, 2}, {45 * time.Minute, 2}} {
			g.clock.Step(step.after)
			r.push(gitserver.Commit{Files: map[string]string{"a": step.after.String()}})
			g.Invalidate(g.url())
			r.same(g.snapshot(g.request()))
			g.snapshot(other)
			if got := g.exchanges.Load(); got != step.want {
				t.Errorf("after %s: %d exchanges, want %d", step.after, got, step.want)
			}
		}
	})
	t.Run("an installation that is not named is that of the owner", func(t *testing.T) {
		t.Parallel()
		g := newGitHub(t)
		r := g.create(map[string]string{"a": "1"})
		r.same(g.snapshot(g.request("githubAppInstallationID", "")))
	})
	t.Run("a token that the Git server refuses is replaced", func(t *testing.T) {
		t.Parallel()
		g := newGitHub(t)
		r := g.create(map[string]string{"a": "1"})
		g.revoked.Store(true)
		says := g.fails(g.request(), source.Unauthorized)
		if !strings.Contains(says, "github-app of Secret argocd/s") {
			t.Errorf("got %q", says)
		}
		g.clock.Step(10 * time.Second)
		r.same(g.snapshot(g.request()))
		if got := g.exchanges.Load(); got != 2 {
			t.Errorf("%d exchanges, want 2", got)
		}
	})
	t.Run("a password in the Secret goes before the app", func(t *testing.T) {
		t.Parallel()
		g := newGitHub(t)
		g.create(nil)
		g.fails(g.request("password", "p"), source.Unauthorized)
		if got := g.exchanges.Load(); got != 0 {
			t.Errorf("%d exchanges, want none", got)
		}
	})
	t.Run("a token that a server repeats is not in the error", func(t *testing.T) {
		t.Parallel()
		g := newGitHub(t)
		g.repeats.Store(true)
		says := g.fails(g.request(), source.NotFound)
		if !strings.Contains(says, "no access with *** or Basic ***") {
			t.Errorf("got %q", says)
		}
	})
	t.Run("the proof of being the app does not follow a redirect", func(t *testing.T) {
		t.Parallel()
		g := newGitHub(t)
		var stolen atomic.Int64
		thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
		t.Cleanup(thief.Close)
		g.elsewhere = thief.URL
		says := g.fails(g.request(), source.Unreachable)
		if stolen.Load() != 0 || !strings.Contains(says, "GitHub's API at https://127.0.0.1") {
			t.Errorf("%d requests to the other host, error %q", stolen.Load(), says)
		}
	})
}

func TestGitHubAppsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	g.create(nil)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other := inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(stranger))
	_, ellipticKey := newAuthority(t).issue("x")
	for sentence, test := range map[string]struct {
		changes []string
		url     string
		reason  source.Reason
		says    string
	}{
		"another key": {
			[]string{"githubAppPrivateKey", other}, "", source.Unauthorized, "refused the app of Secret argocd/s (status 401)"},
		"another number": {
			[]string{"githubAppID", "1"}, "", source.Unauthorized, "refused the app of Secret argocd/s (status 401)"},
		"another installation": {
			[]string{"githubAppInstallationID", "1"}, "", source.Unauthorized, "refused the app of Secret argocd/s (status 404)"},
		"an owner without an installation": {
			[]string{"githubAppInstallationID", "0"}, "/nobody/app.git", source.Unauthorized, `not installed for the owner "nobody"`},
		"a key that is none": {
			[]string{"githubAppPrivateKey", "s3cret"}, "", source.Invalid, "githubAppPrivateKey is not an RSA key"},
		"a key of another kind": {
			[]string{"githubAppPrivateKey", ellipticKey}, "", source.Invalid, "githubAppPrivateKey is not an RSA key"},
		"an API without TLS": {
			[]string{"githubAppEnterpriseBaseUrl", "http://h/api/v3"}, "", source.Invalid, "githubAppEnterpriseBaseUrl"},
		"an API with a password": {
			[]string{"githubAppEnterpriseBaseUrl", "https://u:s3cret@h"}, "", source.Invalid, "githubAppEnterpriseBaseUrl"},
		"an API that is none": {
			[]string{"githubAppEnterpriseBaseUrl", "https://127.0.0.1:" + g.port}, "", source.Unauthorized, "status 401"},
		"an API of an unknown authority": {
			[]string{"insecure", "false"}, "", source.Unreachable, "argocd-tls-certs-cm"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			request := g.request(test.changes...)
			if test.url != "" {
				request.URL = strings.Replace(request.URL, "/team/app.git", test.url, 1)
			}
			says := g.as(t).fails(request, test.reason)
			if !strings.Contains(says, test.says) || strings.Contains(says, "s3cret") || strings.Contains(says, "KEY--") ||
				strings.Contains(says, "eyJ") {
				t.Errorf("got %q, want %q", says, test.says)
			}
		})
	}
}

func TestCAsOfGitHubApps(t *testing.T) {
	t.Parallel()
	trust := source.TrustFrom(nil, &corev1.ConfigMap{Data: map[string]string{
		"git.example.com": "git", "api.example.com": "api", "api.github.com": "public",
	}})
	const url = "https://git.example.com/team/app"
	for base, want := range map[string]string{
		"": "public", "https://API.example.com/api/v3": "api", "https://git.example.com/api/v3": "git",
		"https://other.example.com": "", "https://[": "",
	} {
		credentials := held(t, url, "githubAppID", "1", "githubAppPrivateKey", "k", "githubAppEnterpriseBaseUrl", base)
		got := credentials.Trusting(trust, url)
		if got.App.CA != want || got.CA != "git" {
			t.Errorf("%q: got the CAs %q and %q, want %q and git", base, got.App.CA, got.CA, want)
		}
	}
}
