// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"net/http"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// authenticated returns a client that authenticates as a metric says, and base where it says nothing.
func authenticated(
	ctx context.Context, base *http.Client, authentication *v1alpha1.Authentication,
) (*http.Client, error) {
	if authentication == nil {
		return base, nil
	}
	grant := authentication.OAuth2
	if grant == nil || grant.TokenURL == "" {
		return base, nil
	}
	if grant.ClientID == "" || grant.ClientSecret == "" {
		return nil, errors.New("authentication.oauth2 needs clientId and clientSecret")
	}
	config := clientcredentials.Config{
		ClientID: grant.ClientID, ClientSecret: grant.ClientSecret, TokenURL: grant.TokenURL, Scopes: grant.Scopes,
	}
	// The token is fetched by base, within the same bounds.
	source := config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, base))
	return &http.Client{
		Timeout: base.Timeout, CheckRedirect: base.CheckRedirect,
		Transport: &oauth2.Transport{Source: source, Base: base.Transport},
	}, nil
}

// sigv4 is how a metric signs, if it does.
func sigv4(authentication *v1alpha1.Authentication) (v1alpha1.Sigv4Config, bool) {
	if authentication == nil || authentication.Sigv4 == nil {
		return v1alpha1.Sigv4Config{}, false
	}
	return *authentication.Sigv4, *authentication.Sigv4 != (v1alpha1.Sigv4Config{})
}

// secretive reports whether requests carry what no other host may see.
func secretive(headers []v1alpha1.WebMetricHeader, authentication *v1alpha1.Authentication) bool {
	return len(headers) > 0 || authentication != nil
}
