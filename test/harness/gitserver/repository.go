// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gitserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const noCommit = "0000000000000000000000000000000000000000"

// Repository is one bare repository of a Server.
type Repository struct {
	server *Server
	name   string
	dir    string
}

// Create makes a repository, with a first commit on the branch main where there are files.
func (s *Server) Create(ctx context.Context, name string, files map[string]string) (*Repository, error) {
	r := &Repository{server: s, name: name, dir: filepath.Join(s.dir, name)}
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("the name %q leads out of the server's directory", name)
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, nil, "init", "--quiet", "--bare", "--initial-branch=main", "."); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, nil, "config", "http.receivepack", "true"); err != nil {
		return nil, err
	}
	if len(files) > 0 {
		if _, err := r.Push(ctx, Commit{Files: files}); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Open returns a repository that exists.
func (s *Server) Open(name string) (*Repository, error) {
	dir := filepath.Join(s.dir, name)
	if !filepath.IsLocal(name) {
		return nil, fs.ErrNotExist
	}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		return nil, err
	}
	return &Repository{server: s, name: name, dir: dir}, nil
}

// URL is where clients clone the repository from.
func (r *Repository) URL() string { return r.server.URL() + "/" + r.name }

// Dir is the bare repository on disk.
func (r *Repository) Dir() string { return r.dir }

// Branch makes or moves a branch.
func (r *Repository) Branch(ctx context.Context, name, commit string) error {
	return r.change(ctx, "update-ref", "refs/heads/"+name, commit)
}

// Tag makes or moves a tag, an annotated one where there is a message.
func (r *Repository) Tag(ctx context.Context, name, commit, message string) error {
	if message == "" {
		return r.change(ctx, "update-ref", "refs/tags/"+name, commit)
	}
	return r.change(ctx, "tag", "--force", "--annotate", "--message", message, name, commit)
}

// Delete removes a reference by its full name.
func (r *Repository) Delete(ctx context.Context, ref string) error {
	return r.change(ctx, "update-ref", "-d", ref)
}

// SetHead makes a branch the default one.
func (r *Repository) SetHead(ctx context.Context, branch string) error {
	_, err := r.git(ctx, nil, "symbolic-ref", "HEAD", "refs/heads/"+branch)
	return err
}

// Forget removes every object that no reference leads to, as servers do some time after
// a forced push.
func (r *Repository) Forget(ctx context.Context) error {
	_, err := r.git(ctx, nil, "-c", "gc.reflogExpire=now", "gc", "--quiet", "--prune=now")
	return err
}

// Commit returns the commit that a revision names.
func (r *Repository) Commit(ctx context.Context, revision string) (string, error) {
	return r.git(ctx, nil, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
}

// change runs a command that moves references, and tells the webhook.
func (r *Repository) change(ctx context.Context, args ...string) error {
	before, err := r.refs(ctx)
	if err != nil {
		return err
	}
	if _, err = r.git(ctx, nil, args...); err != nil {
		return err
	}
	after, err := r.refs(ctx)
	if err != nil {
		return err
	}
	return r.announce(ctx, before, after)
}

func (r *Repository) refs(ctx context.Context) (map[string]string, error) {
	out, err := r.git(ctx, nil, "for-each-ref", "--format=%(refname) %(objectname)")
	refs := map[string]string{}
	for line := range strings.Lines(out) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[name] = id
	}
	return refs, err
}

func (r *Repository) git(ctx context.Context, input []byte, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = r.dir
	command.Env = append(gitEnvironment(), "GIT_DIR="+r.dir,
		"GIT_AUTHOR_NAME=Dev", "GIT_AUTHOR_EMAIL=dev@example.com",
		"GIT_COMMITTER_NAME=Dev", "GIT_COMMITTER_EMAIL=dev@example.com")
	command.Stdin = bytes.NewReader(input)
	out, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("git %s: %w: %s", args[0], err, failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
