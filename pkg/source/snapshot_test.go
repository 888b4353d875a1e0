// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

func equalSets(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("wrong entries (-want +got):\n%s", diff)
	}
}

// history is a repository with one of each kind of reference.
type history struct {
	*repo
	first, second, third, side, pull string
}

func newHistory(t *testing.T) *history {
	t.Helper()
	r := newWorld(t, gitserver.Options{}, source.Options{}).create(nil)
	h := &history{repo: r}
	h.first = r.push(gitserver.Commit{Files: map[string]string{"a": "1"}})
	h.second = r.push(gitserver.Commit{Files: map[string]string{"a": "2"}})
	h.third = r.push(gitserver.Commit{Files: map[string]string{"a": "3"}})
	h.side = r.push(gitserver.Commit{Branch: "side", Files: map[string]string{"b": "side"}})
	h.pull = r.push(gitserver.Commit{Branch: "temporary", Files: map[string]string{"b": "pull"}})
	r.git("update-ref", "refs/pull/7/head", h.pull)
	r.do(r.Delete(t.Context(), "refs/heads/temporary"))
	for name, tag := range map[string][2]string{
		"v1.0.0":      {h.first, ""},
		"v1.1.0":      {h.second, "annotated"},
		"v2.0.0-rc.1": {h.third, ""},
		"app-1.5.0":   {h.first, "annotated"},
		"app-1.6.0":   {h.side, ""},
		"both":        {h.first, ""},
		"1.x":         {h.first, ""},
	} {
		r.do(r.Tag(t.Context(), name, tag[0], tag[1]))
	}
	r.do(r.Branch(t.Context(), "both", h.second))
	r.do(r.Branch(t.Context(), "v1.x", h.second))
	r.do(r.Branch(t.Context(), "release/next", h.second))
	return h
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	for sentence, test := range map[string]struct {
		revision, prefix, want string
	}{
		"nothing is the default branch":                      {"", "", h.third},
		"HEAD is the default branch":                         {"HEAD", "", h.third},
		"a branch":                                           {"side", "", h.side},
		"a branch with a slash":                              {"release/next", "", h.second},
		"a tag":                                              {"v1.0.0", "", h.first},
		"an annotated tag is the commit it names":            {"v1.1.0", "", h.second},
		"a full branch name":                                 {"refs/heads/side", "", h.side},
		"a full branch name where a tag has it too":          {"refs/heads/both", "", h.second},
		"a full tag name":                                    {"refs/tags/v1.1.0", "", h.second},
		"a reference that is neither branch nor tag":         {"refs/pull/7/head", "", h.pull},
		"a range is the highest tag in it":                   {"^1.0.0", "", h.second},
		"a range with a wildcard":                            {"v1.*", "", h.second},
		"a range leaves pre-releases out":                    {">=1.0.0", "", h.second},
		"a range that names pre-releases has them":           {">=2.0.0-0", "", h.third},
		"a range under a prefix":                             {"1.5.x", "app-", h.first},
		"the highest of any under a prefix":                  {"*", "app-", h.side},
		"an exact version under a prefix":                    {"1.5.0", "app-", h.first},
		"a prefix leaves HEAD alone":                         {"HEAD", "app-", h.third},
		"a full commit id that a branch names":               {h.side, "", h.side},
		"a full commit id in upper case":                     {strings.ToUpper(h.side), "", h.side},
		"a full commit id that only history has":             {h.first, "", h.first},
		"a short commit id that a branch names":              {h.side[:7], "", h.side},
		"a longer short commit id":                           {h.third[:20], "", h.third},
		"space around a revision is not a part of it":        {" side ", "", h.side},
		"an exact version is a name, though a range has one": {"v2.0.0-rc.1", "", h.third},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			snapshot, err := h.w.Snapshot(t.Context(), source.Request{
				URL: h.URL(), Revision: test.revision, TagPrefix: test.prefix,
			})
			if err != nil {
				t.Fatal(err)
			}
			if snapshot.Revision != test.want {
				t.Fatalf("got commit %s, want %s", snapshot.Revision, test.want)
			}
		})
	}
}

func TestRevisionsThatNameNothing(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.push(gitserver.Commit{Branch: "1.x", Files: map[string]string{"a": "branch"}})
	for sentence, test := range map[string]struct {
		revision, prefix string
		reason           source.Reason
		says             string
	}{
		"a name that is a branch and a tag": {"both", "", source.Ambiguous, "write refs/heads/both or refs/tags/both"},
		"a range that is also a branch":     {"1.x", "", source.Ambiguous, "write refs/heads/1.x or refs/tags/v1.1.0"},
		"an unknown name":                   {"nothing", "", source.NotFound, "no branch or tag of this name"},
		"an unknown full name":              {"refs/heads/x", "", source.NotFound, "no reference of this name"},
		"a range without tags":              {"^9.0.0", "", source.NotFound, "in this version range"},
		"an exact version without a tag":    {"1.5.0", "", source.NotFound, "no branch or tag of this name"},
		"a commit id that does not exist": {
			strings.Repeat("12", 20), "", source.NotFound, "no branch or tag of the repository leads to this commit"},
		"a short id that does not exist": {"1234567", "", source.NotFound, "no branch, tag or commit"},
		"a short id of six digits":       {h.first[:6], "", source.NotFound, "no branch or tag of this name"},
		"an option":                      {"--upload-pack=x", "", source.Invalid, "begins with a dash"},
		"control characters":             {"a\x00b", "", source.Invalid, "control characters"},
		"an endless name":                {strings.Repeat("a", 300), "", source.Invalid, "longer than"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, err := h.w.Snapshot(t.Context(), source.Request{
				URL: h.URL(), Revision: test.revision, TagPrefix: test.prefix,
			})
			var known *source.Error
			if !errors.As(err, &known) || known.Reason != test.reason || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want reason %s and %q", err, test.reason, test.says)
			}
		})
	}
}

func TestShortIDInHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(map[string]string{"a": "0"})
	old := r.git("rev-parse", "main")
	for range 5 {
		r.push(gitserver.Commit{Files: map[string]string{"a": r.git("rev-parse", "main")}})
	}
	w.snapshot(r.at("main"))
	snapshot := w.snapshot(r.at(old[:8]))
	if snapshot.Revision != old {
		t.Fatalf("got %s, want %s", snapshot.Revision, old)
	}
	fetches := w.server.Fetches()
	w.snapshot(r.at(old[:8]))
	w.fails(r.at("abcdef012345"), source.NotFound)
	if again := w.server.Fetches(); again != fetches {
		t.Fatalf("known history was fetched again: %d fetches, then %d", fetches, again)
	}
	// With history kept, pushes and rewrites still arrive.
	r.push(gitserver.Commit{Files: map[string]string{"a": "new"}})
	r.push(gitserver.Commit{Files: map[string]string{"x": "rewritten"}, Parent: old})
	w.Invalidate(r.URL())
	r.same(w.snapshot(r.at("main")))
}

func TestSnapshotTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(nil)
	submodule := strings.Repeat("ab", 20)
	r.push(gitserver.Commit{
		Message:     "All kinds\n\nof entries",
		Files:       map[string]string{"dir/file": "content", "dir.yaml": "x", "dir0/z": "", "empty": ""},
		Executables: map[string]string{"run": "#!/bin/sh"},
		Links:       map[string]string{"link": "../outside"},
		Submodules:  map[string]string{"vendor/lib": submodule},
	})
	snapshot := w.snapshot(r.at(""))
	r.same(snapshot)
	want := map[string]source.Entry{
		"dir":        {Name: "dir", Kind: source.Directory},
		"dir/file":   {Name: "file", Kind: source.File, Size: 7},
		"empty":      {Name: "empty", Kind: source.File},
		"run":        {Name: "run", Kind: source.Executable, Size: 9},
		"link":       {Name: "link", Kind: source.Symlink},
		"vendor/lib": {Name: "lib", Kind: source.Submodule, ID: submodule},
		".":          {Name: ".", Kind: source.Directory},
	}
	for path, entry := range want {
		got, err := snapshot.Tree.Stat(path)
		if entry.ID == "" {
			got.ID = ""
		}
		if err != nil || got != entry {
			t.Errorf("%s: got %+v, %v, want %+v", path, got, err, entry)
		}
	}
	if target, err := snapshot.Tree.Read("link"); err != nil || string(target) != "../outside" {
		t.Errorf("link: got %q, %v", target, err)
	}
	for _, path := range []string{"nothing", "dir/nothing", "empty/below", "link/below"} {
		if _, err := snapshot.Tree.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want fs.ErrNotExist", path, err)
		}
	}
	for _, path := range []string{"../up", "/abs", "dir/../run", ""} {
		if _, err := snapshot.Tree.Stat(path); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got %v, want a refusal that is not absence", path, err)
		}
	}
	if snapshot.Message != "All kinds\n\nof entries" || snapshot.Author != "Dev <dev@example.com>" ||
		snapshot.Repository != r.URL() || snapshot.Date.IsZero() {
		t.Errorf("wrong commit: %+v", snapshot)
	}
}
