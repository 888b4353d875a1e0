// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Credentials is how to reach one repository. The zero value reads public repositories.
// Printing it in any way shows its kind and its Secret, never what is in it.
type Credentials struct {
	// Secret is "namespace/name" of where the credentials come from, for messages.
	Secret string
	// Username and Password are for HTTP basic authentication; Username also for SSH.
	Username, Password string
	// BearerToken is sent instead of Username and Password.
	BearerToken string
	// ForceBasic sends Username and Password even where there is a BearerToken.
	ForceBasic bool
	// SSHPrivateKey is a private key in PEM or OpenSSH form, without a passphrase.
	SSHPrivateKey string
	// App is the GitHub App whose tokens are used where there is no other secret.
	App GitHubApp
	// TLSClientCert and TLSClientKey are a client certificate in PEM.
	TLSClientCert, TLSClientKey string
	// CA is a bundle of certificates in PEM, trusted instead of the system's.
	CA string
	// KnownHosts are the host keys of SSH servers, in the form of a known_hosts file.
	KnownHosts string
	// Insecure accepts any certificate, and any host key, of the server.
	Insecure bool
	// InsecureIgnoreHostKey accepts any host key of an SSH server.
	InsecureIgnoreHostKey bool
	// PlainHTTP talks to an OCI registry without TLS.
	PlainHTTP bool
	// LFS fetches the files that Git LFS keeps for the repository.
	LFS bool
	// Proxy is the URL of the proxy; NoProxy lists hosts that are reached without it.
	Proxy, NoProxy string
}

// String returns the kind of the credentials and the Secret they come from.
func (c Credentials) String() string {
	kind := "anonymous"
	switch {
	case c.SSHPrivateKey != "":
		kind = "ssh-key"
	case c.BearerToken != "":
		kind = "bearer"
	case c.Username != "" || c.Password != "":
		kind = "basic"
	case c.App.PrivateKey != "":
		kind = "github-app"
	case c.TLSClientCert != "":
		kind = "client-certificate"
	}
	if c.Secret == "" {
		return kind
	}
	return kind + " of Secret " + c.Secret
}

// GoString returns what String returns.
func (c Credentials) GoString() string { return c.String() }

// Format writes what String returns, whatever the verb.
func (c Credentials) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, c.String()) }

// MarshalJSON returns what String returns, as a JSON string.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// anonymous tells whether there is nothing to authenticate with.
func (c Credentials) anonymous() bool {
	return c.Username == "" && c.Password == "" && c.BearerToken == "" && c.SSHPrivateKey == "" &&
		c.App.PrivateKey == "" && c.TLSClientCert == ""
}

// byApp tells whether tokens of a GitHub App authenticate, as they do where nothing else
// does over HTTP (as Argo CD 3.5: Repository.GetGitCreds).
func (c Credentials) byApp() bool {
	return c.App.PrivateKey != "" && c.Password == "" && c.BearerToken == ""
}

// identity is a digest under a secret of this installation: equal for equal credentials,
// useless for guessing them.
func (c Credentials) identity(salt []byte, location string) string {
	mac := hmac.New(sha256.New, salt)
	for _, part := range []string{
		location, c.Username, c.Password, c.BearerToken, c.SSHPrivateKey, c.TLSClientCert, c.TLSClientKey,
		c.CA, c.KnownHosts, c.Proxy, c.NoProxy,
		fmt.Sprint(c.Insecure, c.InsecureIgnoreHostKey, c.ForceBasic, c.PlainHTTP),
		c.App.PrivateKey, c.App.BaseURL, c.App.CA, fmt.Sprint(c.App.ID, c.App.Installation),
	} {
		_, _ = fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	if c.LFS {
		_, _ = mac.Write([]byte("lfs"))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// scrub removes secrets from a text that a server or a library wrote.
func (c Credentials) scrub(text string) string {
	secrets := []string{c.Password, c.BearerToken, c.SSHPrivateKey, c.TLSClientKey, c.App.PrivateKey}
	if c.Password != "" {
		basic := []byte(c.basicUser() + ":" + c.Password)
		secrets = append(secrets, base64.StdEncoding.EncodeToString(basic), url.QueryEscape(c.Password))
	}
	if proxy, err := c.proxyURL(); err == nil {
		password, _ := proxy.User.Password()
		secrets = append(secrets, password, url.QueryEscape(password), url.PathEscape(password))
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

// tokenUser is the user where the password is a token: servers want some name (as Argo CD
// 3.5: util/git/client.go).
const tokenUser = "x-access-token"

// basicUser is the user of basic authentication.
func (c Credentials) basicUser() string { return cmp.Or(c.Username, tokenUser) }
