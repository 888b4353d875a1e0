// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/config"
)

// ModulesFile lists the submodules of a repository, at its root.
const ModulesFile = ".gitmodules"

// SubmoduleURL returns the URL of the submodule at a path of a repository, as the
// content of the repository's ModulesFile says. A relative one stands beside the repository's
// own URL, as with Git; only http, https and ssh are followed.
func SubmoduleURL(modules []byte, repository, at string) (string, error) {
	listed := config.NewModules()
	if err := listed.Unmarshal(modules); err != nil {
		return "", failure(Invalid, "%s cannot be read: %s", ModulesFile, printable(err.Error()))
	}
	var found []*config.Submodule
	for _, module := range listed.Submodules {
		if path.Clean(module.Path) == at && module.URL != "" {
			found = append(found, module)
		}
	}
	if len(found) == 0 {
		return "", failure(NotFound, "%s names no URL for it: add one, as git submodule add does", ModulesFile)
	}
	first := slices.MinFunc(found, func(a, b *config.Submodule) int { return cmp.Compare(a.Name, b.Name) })
	return submoduleURL(first.URL, repository)
}

func submoduleURL(url, repository string) (string, error) {
	if strings.HasPrefix(url, "./") || strings.HasPrefix(url, "../") {
		beside, err := besides(url, repository)
		if err != nil {
			return "", err
		}
		url = beside
	}
	at, err := parseLocation(url)
	if err != nil {
		return "", failure(Invalid, "its URL %w", err)
	}
	if at.scheme == "file" {
		return "", failure(Invalid, "its URL names a directory, which is never read: use https or ssh")
	}
	return url, nil
}

// besides resolves a relative URL (as Git: resolve_relative_url, which counts from the
// repository and not from the directory that it is in).
func besides(relative, repository string) (string, error) {
	at, err := parseLocation(repository)
	if err != nil {
		return "", failure(Invalid, "its URL is relative to one that %w", err)
	}
	for {
		if rest, here := strings.CutPrefix(relative, "./"); here {
			relative = rest
			continue
		}
		rest, above := strings.CutPrefix(relative, "../")
		if !above {
			break
		}
		if strings.Trim(at.path, "/") == "" {
			return "", failure(Invalid, "its URL leads above the server of the repository: write fewer ../")
		}
		relative, at.path = rest, at.path[:max(0, strings.LastIndex(at.path, "/"))]
		if at.path == "" && at.scheme == "ssh" && !strings.HasPrefix(repository, "ssh:") {
			at.path = relative
			return at.String(), nil
		}
	}
	at.path += "/" + relative
	return at.String(), nil
}
