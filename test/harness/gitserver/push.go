// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gitserver

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Commit is a change to push.
type Commit struct {
	// Branch is main where it is empty; it is made where it is missing.
	Branch string
	// Message is "Change files" where it is empty.
	Message string
	// Files are written, by path.
	Files map[string]string
	// Executables are written as executable files, by path.
	Executables map[string]string
	// Links are symbolic links, path to target.
	Links map[string]string
	// Submodules are commit ids, by path.
	Submodules map[string]string
	// Remove are paths, files or directories, to remove.
	Remove []string
	// Parent is the commit to build on: the branch's where it is empty. Another one
	// rewrites the branch, as a forced push does.
	Parent string
	// Orphan starts a history without a parent, as a rewrite from the beginning does.
	Orphan bool
}

// Push makes the commit, moves the branch to it, tells the webhook, and returns its id.
func (r *Repository) Push(ctx context.Context, commit Commit) (string, error) {
	commit.Branch = cmp.Or(commit.Branch, "main")
	ref := "refs/heads/" + commit.Branch
	before, err := r.refs(ctx)
	if err != nil {
		return "", err
	}
	if commit.Parent == "" && !commit.Orphan {
		commit.Parent = before[ref]
	}
	if _, err = r.git(ctx, commit.stream(ref), "fast-import", "--quiet", "--force"); err != nil {
		return "", err
	}
	after, err := r.refs(ctx)
	if err != nil {
		return "", err
	}
	return after[ref], r.announce(ctx, before, after)
}

// stream is the commit in the form of git fast-import.
func (c Commit) stream(ref string) []byte {
	var out bytes.Buffer
	data := func(text string) { fmt.Fprintf(&out, "data %d\n%s\n", len(text), text) }
	if c.Orphan {
		fmt.Fprintf(&out, "reset %s\n\n", ref)
	}
	fmt.Fprintf(&out, "commit %s\n", ref)
	fmt.Fprintf(&out, "committer Dev <dev@example.com> %d +0000\n", time.Now().Unix())
	data(cmp.Or(c.Message, "Change files"))
	if c.Parent != "" {
		fmt.Fprintf(&out, "from %s\n", c.Parent)
	}
	for _, path := range c.Remove {
		fmt.Fprintf(&out, "D %s\n", quoted(path))
	}
	for mode, files := range map[string]map[string]string{
		"100644": c.Files, "100755": c.Executables, "120000": c.Links,
	} {
		for _, path := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&out, "M %s inline %s\n", mode, quoted(path))
			data(files[path])
		}
	}
	for path, id := range c.Submodules {
		fmt.Fprintf(&out, "M 160000 %s %s\n", id, quoted(path))
	}
	out.WriteString("\ndone\n")
	return out.Bytes()
}

func quoted(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}
