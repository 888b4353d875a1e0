// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// commit makes a commit of somebody by the git command, which names the authors that the harness does not.
func (r *repo) commit(parent, name, message string) string {
	r.w.Helper()
	return r.git("-c", "user.name="+name, "-c", "user.email="+name+"@example.org", "commit-tree", "-p", parent,
		"-m", message, parent+"^{tree}")
}

func TestAuthorsAreAllWhoMadeTheCommitsBetweenTwo(t *testing.T) {
	t.Parallel()
	r := newWorld(t, gitserver.Options{}, source.Options{}).create(nil)
	first := r.push(gitserver.Commit{Files: map[string]string{"a": "1"}})
	ann := r.commit(first, "ann", "One")
	bob := r.commit(ann, "bob", "Two\n\nCo-authored-by: Cleo <cleo@example.org>")
	side := r.commit(first, "dan", "Aside")
	merge := r.git("-c", "user.name=eve", "-c", "user.email=eve@example.org", "commit-tree", "-p", bob, "-p", side,
		"-m", "Merge", bob+"^{tree}")
	r.git("update-ref", "refs/heads/main", merge)
	r.w.Invalidate(r.URL())
	for sentence, test := range map[string]struct {
		from, to string
		want     []string
		whole    bool
	}{
		"of one commit it is who made that":                {ann, bob, []string{"bob", "Cleo"}, true},
		"a merge brings those of both sides":               {ann, merge, []string{"bob", "Cleo", "dan", "eve"}, true},
		"nothing before is the commit itself":              {"", ann, []string{"ann"}, true},
		"going back brings nothing new":                    {merge, bob, nil, true},
		"a commit before that is not there leaves a doubt": {"0123456789012345678901234567890123456789", bob, nil, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if _, err := r.w.Snapshot(t.Context(), r.at(test.to)); err != nil {
				t.Fatal(err)
			}
			authors, whole, err := r.w.Authors(t.Context(), r.at(test.to), test.from)
			if err != nil {
				t.Fatal(err)
			}
			if whole != test.whole {
				t.Errorf("whole is %t", whole)
			}
			var names []string
			for _, author := range authors {
				names = append(names, author.Name)
			}
			if diff := cmp.Diff(test.want, names); test.whole && diff != "" {
				t.Errorf("authors (-want +got):\n%s", diff)
			}
		})
	}
}
