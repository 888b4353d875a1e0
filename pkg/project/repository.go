// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"strings"
)

// normalized makes spellings of one repository equal, in URLs and in globs of them: letters are lower case, user,
// ".git", the port that is the scheme's own and superfluous slashes go, and git@host:path is ssh://host/path.
func normalized(url string) string {
	url = strings.ToLower(strings.TrimSpace(url))
	url = strings.TrimSuffix(strings.TrimRight(url, "/"), ".git")
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		if !isSCP(url) {
			return url
		}
		scheme, rest = "ssh", strings.Replace(url, ":", "/", 1)
	}
	authority, path := rest, ""
	// What follows "?" or "#" is no host, whatever it holds.
	if end := strings.IndexAny(rest, `/?#\`); end >= 0 {
		authority, path = rest[:end], rest[end:]
	}
	authority = authority[strings.LastIndex(authority, "@")+1:]
	host, port, hasPort := strings.Cut(authority, ":")
	switch {
	case !hasPort || port == defaultPort(scheme):
		authority = host
	case scheme == "ssh" && strings.Trim(port, "0123456789") != "":
		// ssh://git@host:path is no URL, but people write it.
		authority, path = host, "/"+port+path
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return scheme + "://" + authority + path
}

// isSCP recognises user@host:path.
func isSCP(url string) bool {
	user, rest, hasUser := strings.Cut(url, "@")
	host, _, hasPath := strings.Cut(rest, ":")
	return hasUser && hasPath && !strings.ContainsAny(user+host, "/:")
}

func defaultPort(scheme string) string {
	switch scheme {
	case "https":
		return "443"
	case "http":
		return "80"
	case "ssh":
		return "22"
	}
	return ""
}
