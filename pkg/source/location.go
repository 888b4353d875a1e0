// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
)

const maxURLLength = 2048

// location is a repository URL taken apart.
type location struct {
	scheme string // http, https, ssh or file
	user   string
	host   string // lower case, without port
	port   string // empty for the scheme's own port
	path   string // escaped as it was given, without a slash at the end
}

func parseLocation(raw string) (location, error) {
	if len(raw) > maxURLLength {
		return location{}, fmt.Errorf("is longer than %d bytes", maxURLLength)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return location{}, errors.New("holds white space or control characters")
	}
	switch {
	case filepath.IsAbs(raw):
		return fileLocation(raw)
	case strings.Contains(raw, "://"):
		return parseURL(raw)
	default:
		return parseSCP(raw)
	}
}

func fileLocation(path string) (location, error) {
	if !filepath.IsAbs(path) {
		return location{}, errors.New("has no absolute path")
	}
	return location{scheme: "file", path: filepath.Clean(path)}, nil
}

func parseURL(raw string) (location, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The parser's own text repeats the URL, which may hold a password.
		return location{}, errors.New("is not a URL")
	}
	if _, set := u.User.Password(); set {
		return location{}, errors.New("holds a password: put it in a repository Secret")
	}
	if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return location{}, errors.New("has a query or a fragment: remove it")
	}
	l := location{
		scheme: strings.ToLower(u.Scheme),
		user:   u.User.Username(),
		host:   strings.ToLower(u.Hostname()),
		port:   u.Port(),
		path:   strings.TrimRight(u.EscapedPath(), "/"),
	}
	if l.scheme == "file" && l.host == "" && l.user == "" {
		return fileLocation(u.Path)
	}
	if l.port == defaultPorts(l.scheme) {
		l.port = ""
	}
	return l, l.validate()
}

// parseSCP reads user@host:path, the short form of an SSH URL.
func parseSCP(raw string) (location, error) {
	notURL := errors.New("is not a repository URL: use https://, ssh:// or user@host:path")
	user, rest, hasUser := strings.Cut(raw, "@")
	host, path, hasPath := strings.Cut(rest, ":")
	if bracketed, isIPv6 := strings.CutPrefix(rest, "["); isIPv6 {
		host, path, hasPath = strings.Cut(bracketed, "]:")
	}
	if !hasUser || !hasPath || user == "" || strings.ContainsAny(user+host, "/@[]") ||
		strings.ContainsAny(user, ":") || strings.Contains(path, "@") {
		return location{}, notURL
	}
	l := location{scheme: "ssh", user: user, host: strings.ToLower(host), path: strings.TrimRight(path, "/")}
	if strings.HasPrefix(l.path, "/") {
		return parseURL(l.String()) // An absolute path has a URL as well, and is the same repository there.
	}
	return l, l.validate()
}

func defaultPorts(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	case "ssh":
		return "22"
	}
	return ""
}

func (l location) validate() error {
	if defaultPorts(l.scheme) == "" {
		return fmt.Errorf("has the scheme %q: use https, http or ssh", l.scheme)
	}
	if !validHost(l.host) || strings.HasPrefix(l.user, "-") {
		return errors.New("has no valid host name")
	}
	path, err := url.PathUnescape(l.path)
	if err != nil || strings.Trim(path, "/") == "" || strings.HasPrefix(path, "-") {
		return errors.New("has no valid path")
	}
	// A server would fold these, a prefix of credentials or of a project would not.
	for segment := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
		if segment == "." || segment == ".." {
			return errors.New("has a . or .. in its path: write the path out")
		}
	}
	return nil
}

// validHost accepts addresses and names in ASCII, as they are in certificates.
func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && host[0] != '-' && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") == ""
}

// authority is [user@]host[:port] as it stands in a URL.
func (l location) authority() string {
	authority := l.host
	if strings.Contains(authority, ":") {
		authority = "[" + authority + "]"
	}
	if l.port != "" {
		authority += ":" + l.port
	}
	if l.user != "" {
		authority = url.User(l.user).String() + "@" + authority
	}
	return authority
}

// String is the URL without a password; it tells two repositories apart.
func (l location) String() string {
	switch {
	case l.scheme == "file":
		return (&url.URL{Scheme: "file", Path: l.path}).String()
	case strings.HasPrefix(l.path, "/"):
		return l.scheme + "://" + l.authority() + l.path
	default:
		user := l.user
		l.user = ""
		return user + "@" + l.authority() + ":" + l.path
	}
}

// Normalize returns the form in which two URLs of one repository are equal: lower case,
// without ".git", the scheme of SSH and ports that are the default (as Argo CD 3.5:
// util/git/git.go). A URL that cannot be read is returned in lower case.
func Normalize(raw string) string {
	raw = strings.ToLower(strings.TrimSpace(raw))
	l, err := parseLocation(raw)
	if err != nil {
		return strings.TrimSuffix(strings.TrimRight(raw, "/"), ".git")
	}
	l.path = strings.TrimSuffix(l.path, ".git")
	if l.scheme == "ssh" {
		return l.authority() + "/" + strings.TrimLeft(l.path, "/")
	}
	return l.String()
}

// SameRepository tells whether two URLs name one repository.
func SameRepository(a, b string) bool { return Normalize(a) == Normalize(b) }
