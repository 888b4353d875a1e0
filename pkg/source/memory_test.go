// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	submodule := strings.Repeat("ab", 20)
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(nil)
	r.push(gitserver.Commit{
		Files:       map[string]string{"dir/a": "1", "dir.b": "2", "dir0": "3", "deep/er/still": ""},
		Executables: map[string]string{"run": "#!"},
		Links:       map[string]string{"link": "dir/a"},
		Submodules:  map[string]string{"lib": submodule},
	})
	inGit := w.snapshot(r.at("")).Tree
	inMemory := source.MemoryOf(map[string]source.MemoryFile{
		"dir/a": {Content: "1"}, "dir.b": {Content: "2"}, "dir0": {Content: "3"}, "deep/er/still": {},
		"run":  {Kind: source.Executable, Content: "#!"},
		"link": {Kind: source.Symlink, Content: "dir/a"},
		"lib":  {Kind: source.Submodule, Content: submodule},
	})
	for _, path := range []string{".", "dir", "dir/a", "deep/er", "run", "link", "lib",
		"missing", "dir/a/b", "../x", "lib/x"} {
		want, wantErr := inGit.Stat(path)
		got, err := inMemory.Stat(path)
		if !cmp.Equal(got, want) || errors.Is(err, fs.ErrNotExist) != errors.Is(wantErr, fs.ErrNotExist) ||
			(err == nil) != (wantErr == nil) {
			t.Errorf("stat %s: got %+v, %v, Git has %+v, %v", path, got, err, want, wantErr)
		}
		wantList, wantErr := inGit.List(path)
		list, err := inMemory.List(path)
		if !cmp.Equal(list, wantList) || (err == nil) != (wantErr == nil) {
			t.Errorf("list %s: got %+v, %v, Git has %+v, %v", path, list, err, wantList, wantErr)
		}
		wantContent, wantErr := inGit.Read(path)
		content, err := inMemory.Read(path)
		if string(content) != string(wantContent) || (err == nil) != (wantErr == nil) {
			t.Errorf("read %s: got %q, %v, Git has %q, %v", path, content, err, wantContent, wantErr)
		}
	}
	plain, err := source.Memory(map[string]string{"dir/a": "1"}).Stat("dir")
	if same, sameErr := inGit.Stat("dir"); err != nil || sameErr != nil || plain != same {
		t.Errorf("got %+v, %v, Git has %+v, %v", plain, err, same, sameErr)
	}
}
