// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

// fetching is a tree whose files Git LFS keeps.
type fetching struct {
	source.Tree
	contents map[string]string
}

func (f fetching) Fetch(_ context.Context, name string) ([]byte, error) {
	if content, large := f.contents[name]; large {
		return []byte(content), nil
	}
	return f.Read(name)
}

func TestFilesOfGitLFS(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{Limits: Limits{ReadBytes: 1000}})
	const files = "-- a.yaml --\n" + configMap + "pointer\n-- b.yaml --\n" + configMap + "small\n"
	for _, submodules := range []Submodules{nil, libraryDepot()} {
		input := inputOf(t, "path: .", files)
		input.Submodules = submodules
		plain, err := cache.Render(t.Context(), input)
		if err != nil || namesOf(plain.Manifests) != "ConfigMap/pointer ConfigMap/small" {
			t.Errorf("a tree without LFS gives %q, %v", namesOf(plain.Manifests), err)
		}
		input.Tree = fetching{input.Tree, map[string]string{"a.yaml": configMap + "large"}}
		large, err := cache.Render(t.Context(), input)
		if err != nil || namesOf(large.Manifests) != "ConfigMap/large ConfigMap/small" {
			t.Errorf("the same tree with LFS gives %q, %v", namesOf(large.Manifests), err)
		}
	}
	input := inputOf(t, "path: .", files)
	input.Application = "huge"
	input.Tree = fetching{source.Memory(map[string]string{"a.yaml": "pointer"}), map[string]string{
		"a.yaml": strings.Repeat("#", 1001),
	}}
	_, err := cache.Render(t.Context(), input)
	if _, limited := errors.AsType[*LimitError](err); !limited {
		t.Errorf("what LFS keeps passes the limit on what is read: %v", err)
	}
}
