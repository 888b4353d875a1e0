// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/source"
)

// work is one render in a worker.
type work struct {
	pipe  *pipe
	tree  *remoteTree
	links links
	// mounts are the other trees of the request, by name.
	mounts map[string]*remoteTree
	source v1alpha1.ApplicationSource
	limits Limits
	// discovers says that plugins may be asked whose the source is.
	discovers bool
	// root is the resolved path of the source.
	root string
	// spent says that the process carries state of this render.
	spent bool
}

func newWork(job request, pipe *pipe) *work {
	own := newRemoteTree(pipe, "")
	made := &work{
		pipe: pipe, tree: own, links: links{tree: own}, mounts: map[string]*remoteTree{},
		source: job.Source, limits: job.Limits, discovers: job.Discovers,
	}
	for _, name := range job.Mounts {
		made.mounts[name] = newRemoteTree(pipe, name)
	}
	return made
}

// rendered is what a tool printed.
type rendered struct {
	sourceType v1alpha1.ApplicationSourceType
	objects    []json.RawMessage
	// unstable says what differs with each render.
	unstable string
}

func (w *work) run() (rendered, error) {
	if err := w.enter(); err != nil {
		return rendered{}, err
	}
	if err := w.mergeOverrides(); err != nil {
		return rendered{}, err
	}
	tool, err := w.detect()
	if err != nil {
		return rendered{}, err
	}
	out := &output{limits: w.limits}
	unstable := ""
	switch tool {
	case v1alpha1.ApplicationSourceTypeHelm:
		unstable, err = w.helm(out)
	case v1alpha1.ApplicationSourceTypeKustomize:
		err = w.kustomize(out)
	case v1alpha1.ApplicationSourceTypeDirectory:
		err = w.directory(out)
	case v1alpha1.ApplicationSourceTypePlugin:
		err = w.plugin(out)
	}
	return rendered{sourceType: tool, objects: out.objects, unstable: unstable}, err
}

// enter resolves the path of the source to a directory of the tree.
func (w *work) enter() error {
	name := path.Clean(strings.TrimSuffix(w.source.Path, "/"))
	if w.source.Path == "" {
		name = "."
	}
	if !fs.ValidPath(name) {
		return fault(ReasonRefused, "", "spec.source.path %q leaves the repository: name a directory in it", w.source.Path)
	}
	resolved, entry, err := w.links.resolve(name)
	switch {
	case err != nil && missing(err):
		return fault(ReasonNotFound, name, "spec.source.path does not exist in the repository at this revision")
	case err != nil:
		return err
	case entry.Kind == source.Submodule:
		return errSubmodule(name)
	case entry.Kind != source.Directory:
		return fault(ReasonInvalid, name, "spec.source.path must be a directory")
	}
	w.root = resolved
	return nil
}

// output collects objects as canonical JSON within the limits.
type output struct {
	limits  Limits
	objects []json.RawMessage
	bytes   int64
}

// add takes an object that was found in the file at path; a List gives its items.
func (o *output) add(path string, object map[string]any) error {
	if items, ok := itemsOf(object); ok {
		return o.addItems(path, items)
	}
	made, err := manifest.New(&unstructured.Unstructured{Object: object})
	if err != nil {
		return fault(ReasonInvalid, path, "%w", err)
	}
	if len(o.objects) >= o.limits.Objects {
		return countLimit("number of objects of a source", o.limits.Objects)
	}
	if o.bytes += int64(len(made.JSON)); o.bytes > o.limits.OutputBytes {
		return bytesLimit("combined size of the rendered objects", o.limits.OutputBytes)
	}
	o.objects = append(o.objects, made.JSON)
	return nil
}

func (o *output) addItems(path string, items []any) error {
	for i, item := range items {
		inner, ok := item.(map[string]any)
		if !ok {
			return fault(ReasonInvalid, path, "item %d of a list is not an object", i)
		}
		if err := o.add(path, inner); err != nil {
			return err
		}
	}
	return nil
}

// itemsOf returns the items of a List, null meaning none (as Argo CD 3.5:
// reposerver/repository GenerateManifests and isNullList).
func itemsOf(object map[string]any) ([]any, bool) {
	items, has := object["items"]
	if list, ok := items.([]any); ok {
		return list, true
	}
	_, hasSpec := object["spec"]
	_, hasStatus := object["status"]
	return nil, has && items == nil && !hasSpec && !hasStatus
}
