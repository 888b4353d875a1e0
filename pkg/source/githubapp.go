// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/semaphore"
	"k8s.io/utils/clock"
)

const (
	publicGitHub = "https://api.github.com"
	// assertionLife is how long a proof of being the app is valid; GitHub allows 10 minutes.
	assertionLife = 5 * time.Minute
	// clockSkew is how far our clock may be ahead of GitHub's.
	clockSkew = time.Minute
	// renewBefore is how long before its end a token is no longer used: a fetch may take as long.
	renewBefore = 10 * time.Minute
)

// GitHubApp is an app that is installed where the repositories are. The zero value is none.
type GitHubApp struct {
	// ID is the app's; Installation is where it is installed, 0 to look it up by the
	// repository's owner.
	ID, Installation int64
	// PrivateKey is the app's RSA key in PEM.
	PrivateKey string
	// BaseURL is where GitHub's API is; empty for that of github.com.
	BaseURL string
	// CA is a bundle of certificates in PEM, trusted for the API instead of the system's.
	CA string
}

// api is the URL of GitHub's API, without a slash at the end.
func (g GitHubApp) api() string { return strings.TrimRight(cmp.Or(g.BaseURL, publicGitHub), "/") }

// app gets tokens of one installation of a GitHub App, each for as long as it lives.
type app struct {
	client *http.Client
	api    string
	secret string // the Secret it is from, for messages
	config GitHubApp
	owner  string
	key    *rsa.PrivateKey
	clock  clock.PassiveClock

	turn   *semaphore.Weighted // held while what is below is used, also during a request
	token  string
	until  time.Time
	failed remembered
}

func newApp(at location, credentials Credentials, clock clock.PassiveClock) (*app, error) {
	config := credentials.App
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(config.PrivateKey))
	if err != nil {
		return nil, failure(Invalid, "Secret %s: githubAppPrivateKey is not an RSA key in PEM", credentials.Secret)
	}
	base, err := url.Parse(config.api())
	if err != nil || base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, failure(Invalid, "Secret %s: githubAppEnterpriseBaseUrl is not a https:// URL of GitHub's API",
			credentials.Secret)
	}
	credentials.CA = config.CA
	client, err := newClient(credentials)
	if err != nil {
		return nil, err
	}
	return &app{
		client: client, api: config.api(), secret: credentials.Secret, config: config, owner: at.owner(), key: key,
		clock: clock, turn: semaphore.NewWeighted(1),
	}, nil
}

// app returns what gets tokens with the credentials, nil where they need none. All
// repositories of an installation share its token. The caller holds the lock.
func (r *Repositories) app(at location, credentials Credentials) (*app, error) {
	const most = 1000
	if !credentials.byApp() {
		return nil, nil
	}
	where := ""
	if credentials.App.Installation == 0 {
		where = at.owner()
	}
	key := credentials.identity(r.salt, where)
	if known, found := r.apps[key]; found {
		return known, nil
	}
	made, err := newApp(at, credentials, r.options.Clock)
	if err != nil {
		return nil, err
	}
	if len(r.apps) >= most {
		clear(r.apps)
	}
	r.apps[key] = made
	return made, nil
}

// owner is the first part of the path: the user or organization that a repository is of.
func (l location) owner() string {
	owner, _, _ := strings.Cut(strings.TrimPrefix(l.path, "/"), "/")
	return strings.ToLower(owner)
}

// get returns a token that is good for a while, as many callers as may ask for one.
func (a *app) get(ctx context.Context) (string, error) {
	if err := a.turn.Acquire(ctx, 1); err != nil {
		return "", failure(Unreachable, "gave up waiting for GitHub: %w", err)
	}
	defer a.turn.Release(1)
	now := a.clock.Now()
	if now.Before(a.until) {
		return a.token, nil
	}
	if a.failed.holds(now, 0, 0) {
		return "", a.failed.err
	}
	given, err := a.exchange(ctx, now)
	if err != nil {
		a.failed = remembered{err: err, until: now.Add(retryAfter)}
		return "", err
	}
	a.token, a.until = given.Token, given.ExpiresAt.Add(-renewBefore)
	return a.token, nil
}

// forget makes the next caller get another token than one that a server refused.
func (a *app) forget(ctx context.Context, token string) {
	if a.turn.Acquire(ctx, 1) != nil {
		return
	}
	defer a.turn.Release(1)
	if a.token == token {
		a.until = time.Time{}
	}
}

// assertion proves to GitHub for a few minutes that who asks is the app.
func (a *app) assertion(now time.Time) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer:    fmt.Sprint(a.config.ID),
		IssuedAt:  jwt.NewNumericDate(now.Add(-clockSkew)),
		ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)),
	}).SignedString(a.key)
}
