// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// library lends commits from Git servers, each with the credentials of its own URL.
type library struct {
	*source.Repositories
	secrets []*corev1.Secret
}

func newLibrary(t *testing.T) *library {
	t.Helper()
	repositories, err := source.New(source.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &library{Repositories: repositories}
}

func (l *library) request(url, revision string) (source.Request, error) {
	found, err := source.CredentialsFrom(l.secrets, url, "default")
	return source.Request{URL: url, Revision: revision, Credentials: found}, err
}

func (l *library) Origin(url string) (string, error) {
	request, err := l.request(url, "")
	if err != nil {
		return "", err
	}
	return l.Repositories.Origin(request)
}

func (l *library) Commit(ctx context.Context, url, commit string) (source.Tree, error) {
	request, err := l.request(url, commit)
	if err != nil {
		return nil, err
	}
	snapshot, err := l.Snapshot(ctx, request)
	if err != nil {
		return nil, err
	}
	return snapshot.Tree, nil
}

// trust adds a Secret for a repository.
func (l *library) trust(url, password string, more map[string]string) {
	data := map[string][]byte{
		"type": []byte("git"), "url": []byte(url), "username": []byte("robot"), "password": []byte(password),
	}
	for key, value := range more {
		data[key] = []byte(value)
	}
	l.secrets = append(l.secrets, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "argocd", Name: url, Labels: map[string]string{"argocd.argoproj.io/secret-type": "repository"},
		},
		Data: data,
	})
}

// guarded is a Git server with a password.
func guarded(t *testing.T, password string) *gitserver.Server {
	t.Helper()
	server, err := gitserver.New(t.TempDir(), gitserver.Options{Username: "robot", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func hosted(t *testing.T, on *gitserver.Server, name string, commit gitserver.Commit) (url, id string) {
	t.Helper()
	repository, err := on.Create(t.Context(), name, map[string]string{"README": name})
	if err != nil {
		t.Fatal(err)
	}
	if id, err = repository.Push(t.Context(), commit); err != nil {
		t.Fatal(err)
	}
	return repository.URL(), id
}

// inModules is a commit with one submodule.
func inModules(at, url, commit string) gitserver.Commit {
	return gitserver.Commit{
		Files:      map[string]string{".gitmodules": "[submodule \"x\"]\n\tpath = " + at + "\n\turl = " + url + "\n"},
		Submodules: map[string]string{at: commit},
	}
}

func TestSubmodulesOfGitServers(t *testing.T) {
	t.Parallel()
	cache, lender := newCache(t, Options{}), newLibrary(t)
	own, other := guarded(t, "of-own"), guarded(t, "of-other")
	leaf, leafAt := hosted(t, other, "team/leaf.git", gitserver.Commit{
		Files: map[string]string{"base/a.yaml": configMap + "leaf"},
	})
	_, middleAt := hosted(t, own, "team/middle.git", inModules("leaf", leaf, leafAt))
	root, rootAt := hosted(t, own, "team/root.git", inModules("middle", "../middle.git", middleAt))
	render := func() (string, error) {
		tree, err := lender.Commit(t.Context(), root, rootAt)
		if err != nil {
			return "", err
		}
		input := inputOf(t, "path: middle/leaf/base", "")
		input.Repository, input.Tree, input.Submodules = root, tree, lender
		output, err := cache.Render(t.Context(), input)
		return namesOf(output.Manifests), err
	}

	lender.trust(own.URL()+"/team/root.git", "of-own", nil)
	if _, err := render(); err == nil || !strings.Contains(err.Error(), `submodule "middle"`) ||
		!strings.Contains(err.Error(), "asks for credentials") {
		t.Errorf("the password of one repository opens another: %v", err)
	}
	lender.trust(own.URL()+"/team/middle.git", "of-own", nil)
	if _, err := render(); err == nil || !strings.Contains(err.Error(), `submodule "leaf"`) {
		t.Errorf("the password of one server opens another: %v", err)
	}
	lender.trust(leaf, "of-other", nil)
	if got, err := render(); err != nil || got != "ConfigMap/leaf" {
		t.Errorf("got %q, %v", got, err)
	}
	fetches := own.Fetches() + other.Fetches()
	if _, err := render(); err != nil || own.Fetches()+other.Fetches() != fetches {
		t.Errorf("the same again fetches %d times, %v", own.Fetches()+other.Fetches()-fetches, err)
	}
}
