// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// benchRepository is a repository of 2,000 applications on a server.
func benchRepository(b *testing.B) *gitserver.Repository {
	b.Helper()
	server, err := gitserver.New(b.TempDir(), gitserver.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	files := map[string]string{}
	for i := range 10000 {
		files[fmt.Sprintf("apps/%d/%d.yaml", i/5, i%5)] = fmt.Sprintf("kind: ConfigMap\nmetadata: {name: n%d}\n", i)
	}
	repository, err := server.Create(b.Context(), "mono.git", files)
	if err != nil {
		b.Fatal(err)
	}
	return repository
}

func push(b *testing.B, repository *gitserver.Repository, content int) {
	b.Helper()
	changed := map[string]string{"apps/7/1.yaml": fmt.Sprint(content)}
	if _, err := repository.Push(b.Context(), gitserver.Commit{Files: changed}); err != nil {
		b.Fatal(err)
	}
}

func git(b *testing.B, args ...string) {
	b.Helper()
	if out, err := exec.CommandContext(b.Context(), "git", args...).CombinedOutput(); err != nil {
		b.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func reader(b *testing.B) *source.Repositories {
	b.Helper()
	repositories, err := source.New(source.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	return repositories
}

func snapshot(b *testing.B, from *source.Repositories, repository *gitserver.Repository) *source.Snapshot {
	b.Helper()
	taken, err := from.Snapshot(b.Context(), source.Request{URL: repository.URL(), Revision: "main"})
	if err != nil {
		b.Fatal(err)
	}
	return taken
}

// BenchmarkFirstFetch compares the first fetch of 10,000 files with the git command.
func BenchmarkFirstFetch(b *testing.B) {
	repository := benchRepository(b)
	b.Run("capstan", func(b *testing.B) {
		for b.Loop() {
			snapshot(b, reader(b), repository)
		}
	})
	b.Run("git", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			git(b, "clone", "--quiet", "--bare", "--depth=1", repository.URL(), filepath.Join(b.TempDir(), fmt.Sprint(i)))
		}
	})
}

// BenchmarkPush compares the fetch of a one-file push to 10,000 files with the git command.
func BenchmarkPush(b *testing.B) {
	repository := benchRepository(b)
	b.Run("capstan", func(b *testing.B) {
		from := reader(b)
		snapshot(b, from, repository)
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			push(b, repository, i)
			from.Invalidate(repository.URL())
			b.StartTimer()
			snapshot(b, from, repository)
		}
	})
	b.Run("git", func(b *testing.B) {
		clone := b.TempDir()
		git(b, "clone", "--quiet", "--bare", "--depth=1", repository.URL(), clone)
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			push(b, repository, -i)
			b.StartTimer()
			git(b, "-C", clone, "fetch", "--quiet", "--depth=1", "--no-auto-maintenance", "origin",
				"+refs/heads/main:refs/heads/main")
		}
	})
}

// BenchmarkKnown is a Snapshot of a commit that is there, as every reconcile asks for it.
func BenchmarkKnown(b *testing.B) {
	repository := benchRepository(b)
	from := reader(b)
	snapshot(b, from, repository)
	for b.Loop() {
		snapshot(b, from, repository)
	}
}

// BenchmarkRead reads the five files of one application.
func BenchmarkRead(b *testing.B) {
	repository := benchRepository(b)
	tree := snapshot(b, reader(b), repository).Tree
	for i := 0; b.Loop(); i++ {
		dir := fmt.Sprintf("apps/%d", i%2000)
		entries, err := tree.List(dir)
		if err != nil {
			b.Fatal(err)
		}
		for _, entry := range entries {
			if _, err := tree.Read(dir + "/" + entry.Name); err != nil {
				b.Fatal(err)
			}
		}
	}
}
