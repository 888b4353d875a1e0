// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

const (
	firstCommit  = "1111111111111111111111111111111111111111"
	secondCommit = "2222222222222222222222222222222222222222"
)

// depot lends commits of repositories to one project, and remembers which.
type depot struct {
	key     string
	commits map[string]source.Tree // by URL and commit
	refuses error

	mu    sync.Mutex
	asked []string
}

func (d *depot) Origin(repository string) (string, error) { return d.key + repository, d.refuses }

func (d *depot) Commit(_ context.Context, repository, commit string) (source.Tree, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, repository+" "+commit)
	tree, found := d.commits[repository+" "+commit]
	if !found {
		return nil, errors.New("the repository has no such commit")
	}
	return tree, nil
}

func (d *depot) lent() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.asked, "\n")
}

// withSubmodule adds a submodule to the files of a tree.
func withSubmodule(files map[string]string, at, url, commit string) source.Tree {
	all := map[string]source.MemoryFile{
		at:            {Kind: source.Submodule, Content: commit},
		".gitmodules": {Content: fmt.Sprintf("[submodule %q]\n\tpath = %s\n\turl = %s\n", at, at, url)},
	}
	for name, content := range files {
		all[name] = source.MemoryFile{Content: content}
	}
	return source.MemoryOf(all)
}

const libURL = "https://git.example.com/lib.git"

func libraryDepot() *depot {
	return &depot{key: "shop ", commits: map[string]source.Tree{
		libURL + " " + firstCommit: source.Memory(map[string]string{
			"base/a.yaml": configMap + "first", "base/kustomization.yaml": "resources: [a.yaml]",
			"own/.argocd-source-guestbook.yaml": "kustomize: {namePrefix: own-}", "own/kustomization.yaml": "resources: [../base]",
		}),
		libURL + " " + secondCommit: source.Memory(map[string]string{
			"base/a.yaml": configMap + "second", "base/kustomization.yaml": "resources: [a.yaml]",
		}),
	}}
}

func TestSubmodules(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	tests := map[string]struct {
		spec  string
		files map[string]string
		url   string
		want  string
		fault string
		asked string
	}{
		"a directory of one is rendered": {
			spec: "{path: lib/base, directory: {}}", url: "../lib.git", want: "ConfigMap/first", asked: libURL + " " + firstCommit,
		},
		"the options of one Application count in one": {
			spec: "path: lib/own", url: libURL, want: "ConfigMap/own-first", asked: libURL + " " + firstCommit,
		},
		"a base in one is used": {
			spec: "path: app", url: libURL, files: map[string]string{"app/kustomization.yaml": "resources: [../lib/base]"},
			want: "ConfigMap/first", asked: libURL + " " + firstCommit,
		},
		"one that nothing looks into is not fetched": {
			spec: "path: app", url: libURL, files: map[string]string{"app/a.yaml": configMap + "own"}, want: "ConfigMap/own",
		},
		"a directory that recurses reads it": {
			spec: "{directory: {recurse: true, include: '*/base/a.yaml'}}", url: libURL,
			files: map[string]string{"a.yaml": configMap + "own"}, want: "ConfigMap/first",
			asked: libURL + " " + firstCommit,
		},
		"a file URL is refused": {spec: "path: lib/base", url: "file:///srv/lib.git", fault: "which is never read"},
		"a path that is not in it is named": {
			spec: "path: lib/gone", url: libURL, fault: "does not exist", asked: libURL + " " + firstCommit,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lender := libraryDepot()
			input := inputOf(t, test.spec, "")
			input.Tree, input.Submodules = withSubmodule(test.files, "lib", test.url, firstCommit), lender
			output, err := cache.Render(t.Context(), input)
			expect(t, output, err, test.want, test.fault)
			switch {
			case lender.lent() != test.asked && test.asked == "":
				t.Errorf("fetched %q", lender.lent())
			case err == nil && output.Submodules != (test.asked != ""):
				t.Errorf("it says of submodules: %v", output.Submodules)
			}
		})
	}
}

func TestSubmodulesInSubmodules(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	lender := libraryDepot()
	const outer = "https://git.example.com/outer.git"
	lender.commits[outer+" "+firstCommit] = withSubmodule(nil, "deep/lib", "./../lib.git", secondCommit)
	endless := "https://git.example.com/endless.git"
	lender.commits[endless+" "+firstCommit] = withSubmodule(nil, "x", "../endless.git", firstCommit)

	input := inputOf(t, "{path: mods/outer/deep/lib/base, directory: {}}", "")
	input.Tree, input.Submodules = withSubmodule(nil, "mods/outer", outer, firstCommit), lender
	output, err := cache.Render(t.Context(), input)
	if err != nil || namesOf(output.Manifests) != "ConfigMap/second" {
		t.Errorf("got %q, %v", namesOf(output.Manifests), err)
	}

	input = inputOf(t, "{path: ., directory: {recurse: true}}", "")
	input.Tree, input.Submodules = withSubmodule(nil, "x", endless, firstCommit), lender
	if _, err := cache.Render(t.Context(), input); err == nil || !strings.Contains(err.Error(), "depth of submodules") {
		t.Errorf("without end: %v", err)
	}
}

func TestOptionsInSubmodulesAreOfOneApplication(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	for _, test := range []struct{ application, want string }{
		{"guestbook", "ConfigMap/own-first"}, {"shop", "ConfigMap/first"}, {"guestbook", "ConfigMap/own-first"},
	} {
		input := inputOf(t, "path: lib/own", "")
		input.Application, input.Submodules = test.application, libraryDepot()
		input.Tree = withSubmodule(nil, "lib", libURL, firstCommit)
		output, err := cache.Render(t.Context(), input)
		if err != nil || namesOf(output.Manifests) != test.want {
			t.Errorf("%s: got %q, %v; want %q", test.application, namesOf(output.Manifests), err, test.want)
		}
	}
}

func TestRendersOfSubmodulesAreKept(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	lender := libraryDepot()
	render := func(lender Submodules, commit string, files map[string]string) string {
		t.Helper()
		input := inputOf(t, "{path: lib/base, directory: {}}", "")
		input.Tree, input.Submodules = withSubmodule(files, "lib", libURL, commit), lender
		output, err := cache.Render(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		if !output.Submodules {
			t.Error("it does not say that submodules were looked into")
		}
		return namesOf(output.Manifests)
	}
	render(lender, firstCommit, nil)
	render(lender, firstCommit, map[string]string{"other/a.yaml": "changed"})
	if made := cache.Counts().Renders; made != 1 {
		t.Errorf("the same commit of the submodule was rendered %d times", made)
	}
	if got := render(lender, secondCommit, nil); got != "ConfigMap/second" {
		t.Errorf("another commit gives %q", got)
	}
	others := libraryDepot()
	others.key = "other credentials "
	render(others, firstCommit, nil)
	if others.lent() == "" {
		t.Error("who reads the submodule with other credentials was given what the first one may read")
	}
	stranger := libraryDepot()
	stranger.refuses = errors.New("not in spec.sourceRepos")
	input := inputOf(t, "{path: lib/base, directory: {}}", "")
	input.Tree, input.Submodules = withSubmodule(nil, "lib", libURL, firstCommit), stranger
	if _, err := cache.Render(t.Context(), input); err == nil || !strings.Contains(err.Error(), "not in spec.sourceRepos") ||
		!strings.Contains(err.Error(), `submodule "lib" of "https://git.example.com/lib.git"`) {
		t.Errorf("a project that may not read the submodule: %v", err)
	}
}

func TestATokenInTheURLOfASubmoduleIsNotShown(t *testing.T) {
	t.Parallel()
	const url = "https://ghp_secret@git.example.com/lib.git"
	input := inputOf(t, "{path: lib/base, directory: {}}", "")
	input.Tree = withSubmodule(nil, "lib", url, firstCommit)
	input.Submodules = &depot{refuses: errors.New("repository " + url + " is not permitted in project shop")}
	_, err := newCache(t, Options{}).Render(t.Context(), input)
	if err == nil || !strings.Contains(err.Error(), "is not permitted in project shop") ||
		strings.Contains(err.Error(), "ghp_secret") {
		t.Errorf("the error is %v", err)
	}
}
