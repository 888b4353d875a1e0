// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	installationsPerPage = 100
	mostInstallations    = 100 * installationsPerPage
	mostAPIBytes         = 4 << 20
)

// installationToken is what GitHub gives an app for one of its installations.
type installationToken struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// installation is one place where an app is installed.
type installation struct {
	ID      int64 `json:"id"`
	Account struct {
		Login string `json:"login"`
	} `json:"account"`
}

// exchange gets a new token.
func (a *app) exchange(ctx context.Context, now time.Time) (installationToken, error) {
	assertion, err := a.assertion(now)
	if err != nil {
		return installationToken{}, failure(Invalid, "Secret %s: githubAppPrivateKey cannot sign", a.secret)
	}
	where := a.config.Installation
	if where == 0 {
		if where, err = a.find(ctx, assertion); err != nil {
			return installationToken{}, err
		}
	}
	var given installationToken
	path := fmt.Sprintf("/app/installations/%d/access_tokens", where)
	if err := a.call(ctx, http.MethodPost, path, assertion, &given); err != nil {
		return installationToken{}, err
	}
	if given.Token == "" || strings.TrimSpace(given.Token) != given.Token {
		return installationToken{}, failure(Unreachable, "GitHub's API at %s gave no token: check "+
			"githubAppEnterpriseBaseUrl in Secret %s", a.api, a.secret)
	}
	return given, nil
}

// find returns the installation of the repository's owner (as Argo CD 3.5: util/git/creds.go).
func (a *app) find(ctx context.Context, assertion string) (int64, error) {
	for page := 1; page <= mostInstallations/installationsPerPage; page++ {
		var found []installation
		path := fmt.Sprintf("/app/installations?per_page=%d&page=%d", installationsPerPage, page)
		if err := a.call(ctx, http.MethodGet, path, assertion, &found); err != nil {
			return 0, err
		}
		for _, one := range found {
			if strings.EqualFold(one.Account.Login, a.owner) {
				return one.ID, nil
			}
		}
		if len(found) < installationsPerPage {
			break
		}
	}
	return 0, failure(Unauthorized, "the GitHub App of Secret %s is not installed for the owner %q: install it there",
		a.secret, printable(a.owner))
}

// call asks GitHub's API. Nothing of what it answers is shown.
func (a *app) call(ctx context.Context, method, path, assertion string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, a.api+path, http.NoBody)
	if err != nil {
		return failure(Invalid, "Secret %s: githubAppEnterpriseBaseUrl cannot be asked", a.secret)
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("Authorization", "Bearer "+assertion)
	response, err := a.client.Do(request)
	if err != nil {
		return a.unreachable(err, assertion)
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; status {
	case http.StatusOK, http.StatusCreated:
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return failure(Unauthorized, "GitHub refused the app of Secret %s (status %d): check githubAppID, "+
			"githubAppInstallationID and githubAppPrivateKey, and that the app is installed", a.secret, status)
	default:
		return failure(Unreachable, "GitHub's API at %s answered with status %d", a.api, status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, mostAPIBytes)).Decode(into); err != nil {
		return failure(Unreachable, "%s does not answer as GitHub's API: check githubAppEnterpriseBaseUrl in Secret %s",
			a.api, a.secret)
	}
	return nil
}

// unreachable words a request without an answer; redirects and unknown CAs say what to do.
func (a *app) unreachable(err error, assertion string) error {
	worded := transportError(err, Credentials{BearerToken: assertion})
	return failure(reasonOf(worded), "GitHub's API at %s: %w", a.api, worded)
}
