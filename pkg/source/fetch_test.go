// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// The tests below push at random and compare every file with what Git has, once with a
// shallow copy and once with one that keeps history.
func TestPushes(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		history bool
		packs   int
		loose   int
	}{
		"arrive in a shallow copy":                        {false, 32, 20000},
		"arrive in a copy with history":                   {true, 32, 20000},
		"arrive in a shallow copy that is often replaced": {false, 1, 30},
		"arrive in a replaced copy with history":          {true, 1, 30},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitserver.Options{}, source.Options{})
			w.SetCrowd(test.packs, test.loose)
			r := w.create(manyFiles(300))
			first := r.git("rev-parse", "main")
			r.do(r.Tag(t.Context(), "first", first, ""))
			if test.history {
				r.push(gitserver.Commit{Files: map[string]string{"second": "2"}})
				r.push(gitserver.Commit{Files: map[string]string{"third": "3"}})
				w.snapshot(r.at(first[:9]))
			}
			random := rand.New(rand.NewPCG(1, uint64(len(sentence))))
			early := w.snapshot(r.at("main"))
			r.do(r.Tag(t.Context(), "early", early.Revision, ""))
			for step := range 40 {
				pushSomething(r, random, step, first)
				w.Invalidate(r.URL())
				r.same(w.snapshot(r.at("main")))
				if step%10 == 9 {
					r.same(early)
					w.restart()
					w.SetCrowd(test.packs, test.loose)
					early = w.snapshot(r.at("main"))
					r.do(r.Tag(t.Context(), "early", early.Revision, ""))
				}
			}
		})
	}
}

func manyFiles(count int) map[string]string {
	files := map[string]string{}
	for i := range count {
		files[fmt.Sprintf("apps/%d/%d.yaml", i%17, i)] = strings.Repeat(fmt.Sprintf("line %d\n", i), 20)
	}
	return files
}

func pushSomething(r *repo, random *rand.Rand, step int, first string) {
	r.w.Helper()
	commit := gitserver.Commit{Files: map[string]string{
		fmt.Sprintf("apps/%d/%d.yaml", random.IntN(17), random.IntN(300)): fmt.Sprintf("changed in %d\n", step),
	}}
	switch random.IntN(8) {
	case 0: // rewrites history from the beginning
		commit.Orphan, commit.Files = true, manyFiles(250+random.IntN(100))
	case 1: // forces the branch back and on from there
		commit.Parent = first
	case 2: // takes the last commit back
		commit.Remove = []string{fmt.Sprintf("apps/%d", random.IntN(17))}
	case 3: // more objects than are kept one by one
		commit.Files = manyFiles(600)
		commit.Files["big"] = fmt.Sprint(step)
	case 4: // several commits at once, on another branch as well
		r.push(commit)
		r.push(gitserver.Commit{Branch: fmt.Sprintf("side-%d", step), Parent: first, Files: commit.Files})
		commit.Message = "the last of several"
	case 5: // nothing changes but the commit
		commit.Files = nil
	}
	r.push(commit)
	if random.IntN(5) == 0 {
		r.do(r.Forget(r.w.Context()))
	}
}

func TestFetches(t *testing.T) {
	t.Parallel()
	t.Run("a commit is fetched once, and without its history", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(manyFiles(50))
		for i := range 20 {
			r.push(gitserver.Commit{Files: map[string]string{"big": strings.Repeat(fmt.Sprint(i), 1000)}})
		}
		for range 5 {
			w.snapshot(r.at("main"))
		}
		w.restart()
		w.snapshot(r.at("main"))
		if got := w.server.Fetches(); got != 1 {
			t.Errorf("got %d fetches, want 1", got)
		}
		if commits := onDisk(t, w, "shallow-*.git"); len(commits) != 1 {
			t.Errorf("got stores %v, want one shallow store", commits)
		}
	})
	t.Run("a small push to a large repository brings its objects alone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(manyFiles(500))
		w.snapshot(r.at("main"))
		for push := range 3 {
			r.push(gitserver.Commit{Files: map[string]string{"apps/1/1.yaml": fmt.Sprint(push)}})
			w.Invalidate(r.URL())
			w.snapshot(r.at("main"))
		}
		store := onDisk(t, w, "shallow-*.git")[0]
		loose := matches(t, filepath.Join(store, "objects", "??", "*"))
		packs := matches(t, filepath.Join(store, "objects", "pack", "*.pack"))
		if len(loose) != 3*5 || len(packs) != 1 { // commit, three directories, file
			t.Errorf("got %d objects in 3 pushes and %d packs", len(loose), len(packs))
		}
	})
	t.Run("Git finds no fault in the copy on disk", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(manyFiles(300))
		for range 3 {
			w.Invalidate(r.URL())
			snapshot := w.snapshot(r.at("main"))
			copied := &repo{Repository: r.Repository, w: w}
			dir := onDisk(t, w, "shallow-*.git")[0]
			copied.git("--git-dir="+dir, "fsck", "--full", "--strict", snapshot.Revision)
			r.push(gitserver.Commit{Files: map[string]string{"a": snapshot.Revision}})
		}
	})
	t.Run("references that moved since they were read are asked for again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		other := r.push(gitserver.Commit{Branch: "other", Files: map[string]string{"o": "1"}})
		w.snapshot(r.at("other"))
		r.push(gitserver.Commit{Orphan: true, Files: map[string]string{"a": "2"}})
		r.do(r.Forget(t.Context()))
		r.same(w.snapshot(r.at("main")))
		if got := w.snapshot(r.at(other)).Revision; got != other {
			t.Errorf("got %s, want %s", got, other)
		}
	})
	t.Run("a snapshot stays whole when its commit is gone from the server", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		gone := w.snapshot(r.at("main"))
		r.push(gitserver.Commit{Orphan: true, Files: map[string]string{"a": "2"}})
		r.do(r.Forget(t.Context()))
		w.Invalidate(r.URL())
		w.snapshot(r.at("main"))
		if content, err := gone.Tree.Read("a"); err != nil || string(content) != "1" {
			t.Errorf("got %q, %v", content, err)
		}
		w.snapshot(r.at(gone.Revision))
	})
	t.Run("a repository beyond the limit is refused and leaves nothing behind", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{MaxRepositoryBytes: 20000})
		noise := make([]byte, 30000)
		for i := range noise {
			noise[i] = byte(rand.IntN(256))
		}
		r := w.create(map[string]string{"noise": string(noise)})
		says := w.fails(r.at("main"), source.TooLarge)
		if !strings.Contains(says, "limit") || len(onDisk(t, w, "*.git")) != 0 {
			t.Errorf("got %q, stores %v", says, onDisk(t, w, "*.git"))
		}
	})
	t.Run("a file beyond the limit is refused, though it is small on the wire", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{MaxFileBytes: 1 << 20})
		r := w.create(map[string]string{"zeros": strings.Repeat("0", 2<<20)})
		w.fails(r.at("main"), source.TooLarge)
	})
	t.Run("a tag of a file is no revision", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		r.git("update-ref", "refs/tags/file", r.git("rev-parse", "main:a"))
		w.fails(r.at("file"), source.Invalid)
		r.same(w.snapshot(r.at(r.git("rev-parse", "main")[:10])))
	})
	t.Run("an empty repository has no default branch", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		says := w.fails(w.create(nil).at(""), source.NotFound)
		if !strings.Contains(says, "HEAD") {
			t.Errorf("got %q", says)
		}
	})
	t.Run("a local path is read where it is allowed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{AllowFile: true})
		r := w.create(map[string]string{"a": "1"})
		r.same(w.snapshot(source.Request{URL: r.Dir()}))
		r.push(gitserver.Commit{Files: map[string]string{"a": "2"}})
		w.Invalidate(r.Dir())
		r.same(w.snapshot(source.Request{URL: r.Dir()}))
		w.options.AllowFile = false
		w.restart()
		w.fails(source.Request{URL: "file://" + r.Dir()}, source.Invalid)
	})
}

// onDisk returns the stores on disk whose names match.
func onDisk(t *testing.T, w *world, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.options.Dir, "*", pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDamage(t *testing.T) {
	t.Parallel()
	for sentence, damage := range map[string]func(t *testing.T, store string){
		"a pack that was cut off": func(t *testing.T, store string) {
			t.Helper()
			for _, pack := range matches(t, filepath.Join(store, "objects", "pack", "*.pack")) {
				write(t, pack, []byte("PACK"))
			}
		},
		"a broken index": func(t *testing.T, store string) {
			t.Helper()
			for _, index := range matches(t, filepath.Join(store, "objects", "pack", "*.idx")) {
				write(t, index, []byte("nonsense"))
			}
		},
		"a broken list of commits": func(t *testing.T, store string) {
			t.Helper()
			write(t, filepath.Join(store, "shallow"), []byte("nonsense\n"))
		},
		"all objects gone": func(t *testing.T, store string) {
			t.Helper()
			if err := os.RemoveAll(filepath.Join(store, "objects")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(sentence+" is fetched again by a new process", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitserver.Options{}, source.Options{})
			r := w.create(manyFiles(300))
			w.snapshot(r.at("main"))
			damage(t, onDisk(t, w, "shallow-*.git")[0])
			w.restart()
			if err := readAll(w.snapshot(r.at("main")).Tree, "."); err != nil {
				r.same(w.snapshot(r.at("main")))
			}
			r.same(w.snapshot(r.at("main")))
		})
	}
	t.Run("a pack that was cut off under a running process is fetched again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(manyFiles(300))
		held := w.snapshot(r.at("main"))
		for _, pack := range matches(t, filepath.Join(onDisk(t, w, "shallow-*.git")[0], "objects", "pack", "*.pack")) {
			write(t, pack, []byte("PACK"))
		}
		_ = readAll(held.Tree, ".")
		r.same(w.snapshot(r.at("main")))
	})
}

func readAll(tree source.Tree, dir string) error {
	entries, err := tree.List(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name)
		if entry.Kind == source.Directory {
			err = readAll(tree, path)
		} else {
			_, err = tree.Read(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func matches(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	_ = os.Chmod(name, 0o600)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
