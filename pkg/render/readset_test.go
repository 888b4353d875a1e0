// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

// Each test renders one tree, then another, and asks whether that cost a second render.
func TestReadSet(t *testing.T) {
	t.Parallel()
	plain := "-- app/a.yaml --\n" + configMap + "a\n-- app/notes.txt --\nx\n-- other/b.yaml --\n" + configMap + "b\n"
	tests := map[string]struct {
		spec, before, after string
		renders             uint64
	}{
		"a file outside the path": {
			spec: "path: app", before: plain, after: plain + "-- other/b.yaml --\n" + configMap + "changed\n", renders: 1,
		},
		"a new file outside the path": {
			spec: "path: app", before: plain, after: plain + "-- other/new.yaml --\n", renders: 1,
		},
		"the content of a file in the path that is no manifest": {
			spec: "path: app", before: plain, after: plain + "-- app/notes.txt --\ny\n", renders: 1,
		},
		"a manifest": {
			spec: "path: app", before: plain, after: plain + "-- app/a.yaml --\n" + configMap + "changed\n", renders: 2,
		},
		"a new manifest in the path": {
			spec: "path: app", before: plain, after: plain + "-- app/new.yaml --\n" + configMap + "new\n", renders: 2,
		},
		"a kustomization that appears": {
			spec: "path: app", before: plain, after: plain + "-- app/kustomization.yml --\nresources: [a.yaml]\n", renders: 2,
		},
		"an option file of the Application that appears": {
			spec: "path: app", before: plain,
			after: plain + "-- app/.argocd-source-guestbook.yaml --\ndirectory: {exclude: x}\n", renders: 2,
		},
		"an option file of another Application, outside the path": {
			spec: "{path: app, directory: {recurse: true}}", before: plain,
			after: plain + "-- other/.argocd-source-guestbook.yaml --\ndirectory: {}\n", renders: 1,
		},
		"a base outside the path": {
			spec: "path: overlays/prod", before: guestbook,
			after: guestbook + "-- base/deployment.yaml --\n" + configMap + "changed\n", renders: 2,
		},
		"another overlay": {
			spec: "path: overlays/prod", before: guestbook,
			after: guestbook + "-- overlays/test/kustomization.yaml --\nresources: [../../base]\n", renders: 1,
		},
		"a file beside the base that the base does not name": {
			spec: "path: overlays/prod", before: guestbook, after: guestbook + "-- base/readme.md --\n", renders: 1,
		},
		"a second kustomization in the base": {
			spec: "path: overlays/prod", before: guestbook, after: guestbook + "-- base/Kustomization --\n", renders: 2,
		},
		"the path that appears": {
			spec: "path: new", before: plain, after: plain + "-- new/a.yaml --\n" + configMap + "a\n", renders: 2,
		},
		"a failure whose files did not change": {
			spec: "path: new", before: plain, after: plain + "-- other/c.yaml --\n", renders: 1,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := newCache(t, Options{})
			first, firstErr := cache.Render(t.Context(), inputOf(t, test.spec, test.before))
			second, err := cache.Render(t.Context(), inputOf(t, test.spec, test.after))
			if got := cache.Counts().Renders; got != test.renders {
				t.Errorf("%d renders, want %d", got, test.renders)
			}
			if test.renders == 1 {
				sameError := (firstErr == nil) == (err == nil)
				if first.Digest != second.Digest || first.Type != second.Type || !sameError {
					t.Errorf("the hit differs: %v %v, %v %v", first.Digest, firstErr, second.Digest, err)
				}
			}
			fresh, freshErr := newCache(t, Options{}).Render(t.Context(), inputOf(t, test.spec, test.after))
			if fresh.Digest != second.Digest || (freshErr == nil) != (err == nil) {
				t.Errorf("not what a fresh render gives: %v %v, %v %v", fresh.Digest, freshErr, second.Digest, err)
			}
		})
	}
}

func TestApplicationsShareRenders(t *testing.T) {
	t.Parallel()
	const plain = "path: overlays/prod"
	const named = "{path: overlays/prod, kustomize: {commonAnnotations: {app: $ARGOCD_APP_NAME}, " +
		"commonAnnotationsEnvsubst: true}}"
	const revised = "{path: overlays/prod, kustomize: {images: ['nginx:$ARGOCD_APP_REVISION']}}"
	tests := map[string]struct {
		spec    string
		change  func(*Input)
		renders uint64
	}{
		"another name, where nothing depends on it": {
			spec: plain, change: func(i *Input) { i.Application = "other" }, renders: 1,
		},
		"another name, where an annotation holds it": {
			spec: named, change: func(i *Input) { i.Application = "other" }, renders: 2,
		},
		"another revision of the same files": {
			spec: named, change: func(i *Input) { i.Revision = "ffff" }, renders: 1,
		},
		"another revision, where an image holds it": {
			spec: revised, change: func(i *Input) { i.Revision = "ffff" }, renders: 2,
		},
		"another repository with the same files": {
			spec: plain, change: func(i *Input) { i.Repository = "https://elsewhere.example.com/x" }, renders: 2,
		},
		"another branch with the same files": {
			spec: plain, change: func(i *Input) { i.Source.TargetRevision = "dev" }, renders: 1,
		},
		"an option file of one of them": {
			spec: plain, renders: 2,
			change: func(i *Input) {
				i.Application = "other"
				i.Tree = source.Memory(filesOf(guestbook +
					"-- overlays/prod/.argocd-source-other.yaml --\nkustomize: {namespace: x}\n"))
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := newCache(t, Options{})
			input := inputOf(t, test.spec, guestbook)
			if _, err := cache.Render(t.Context(), input); err != nil {
				t.Fatal(err)
			}
			test.change(&input)
			output, err := cache.Render(t.Context(), input)
			if err != nil {
				t.Fatal(err)
			}
			if got := cache.Counts().Renders; got != test.renders {
				t.Errorf("%d renders, want %d", got, test.renders)
			}
			if output.Cached != (test.renders == 1) {
				t.Errorf("cached is %v after %d renders", output.Cached, test.renders)
			}
		})
	}
}

// brokenTree fails to read one file, as a damaged repository would.
type brokenTree struct {
	source.Tree
	broken string
}

var errDamaged = errors.New("object is damaged")

func (t brokenTree) Read(path string) ([]byte, error) {
	if path == t.broken {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errDamaged}
	}
	return t.Tree.Read(path)
}

func TestATreeThatCannotBeReadIsNotTakenForAnEmptyOne(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	input := inputOf(t, "path: .", "-- a.yaml --\n"+configMap+"a\n-- b.yaml --\n"+configMap+"b\n")
	whole := input.Tree
	input.Tree = brokenTree{Tree: whole, broken: "b.yaml"}
	if _, err := cache.Render(t.Context(), input); !errors.Is(err, errDamaged) {
		t.Fatalf("want the tree's own error, got %v", err)
	}
	input.Tree = whole
	output, err := cache.Render(t.Context(), input)
	if err != nil || len(output.Manifests) != 2 {
		t.Errorf("after the repair: %v, %v", namesOf(output.Manifests), err)
	}
}
