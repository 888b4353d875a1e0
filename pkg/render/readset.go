// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/source"
)

// absent is the record of an answer that said "not there".
const absent = "-"

// read is one question that a render asked, and a mark of the answer.
type read struct {
	Op   frameKind `json:"op"`
	Path string    `json:"path"`
	// Mount is the tree that was asked, "" for the source's own.
	Mount string `json:"mount,omitempty"`
	// Answer is the object id of what was read or listed, the letter of what was looked
	// for, a variable's value, or absent.
	Answer string `json:"answer"`
	// Listing is the digest of a listing's names and kinds. It lets a directory whose
	// files changed, while its names did not, count as unchanged.
	Listing manifest.Digest `json:"listing,omitzero"`
}

// holds reports whether the question has the same answer for input.
func (r read) holds(input Input) bool {
	switch r.Op {
	case frameVariable:
		return input.variable(r.Path) == r.Answer
	case frameOverride:
		return overrideID(input, r.Path) == r.Answer
	case frameCluster:
		answer, _, err := ofDestination(input.Destination, r.Path)
		return err == nil && answer == r.Answer
	case frameChart:
		return originHolds(input, r.Path, r.Answer)
	case framePlugin, frameDiscover:
		return pluginHolds(input, r.Path, r.Answer)
	case readOrigin:
		return submoduleHolds(input, r.Path, r.Answer)
	}
	tree, mounted := input.tree(r.Mount)
	return mounted && r.holdsIn(tree)
}

func (r read) holdsIn(tree source.Tree) bool {
	switch r.Op {
	case frameStat:
		entry, err := tree.Stat(r.Path)
		if err != nil {
			return missing(err) && r.Answer == absent
		}
		return len(r.Answer) == 1 && r.Answer[0] == letterOf(entry.Kind)
	case frameRead:
		return r.Answer != "" && idAt(tree, r.Path) == r.Answer
	case frameList:
		return r.listingHolds(tree)
	}
	return false
}

func (r read) listingHolds(tree source.Tree) bool {
	id := idAt(tree, r.Path)
	if id == r.Answer && id != "" {
		return true
	}
	if id == absent || r.Answer == absent {
		return false
	}
	entries, err := tree.List(r.Path)
	return err == nil && manifest.DigestOf(encodeListing(entries)) == r.Listing
}

// idAt returns what stands for the content of path: its kind and object id, absent, or ""
// where the tree cannot tell.
func idAt(tree source.Tree, path string) string {
	entry, err := tree.Stat(path)
	switch {
	case err != nil && missing(err):
		return absent
	case err != nil || entry.ID == "":
		return ""
	}
	return string(letterOf(entry.Kind)) + entry.ID
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// overridePath is where Argo CD 3.5 looks for options of one application
// (reposerver/repository mergeSourceParameters); false where the name cannot be a file's.
func overridePath(directory, application string) (string, bool) {
	if application == "" || strings.ContainsAny(application, "/\x00") {
		return "", false
	}
	return path.Join(directory, ".argocd-source-"+application+".yaml"), true
}

func overrideID(input Input, directory string) string {
	file, ok := overridePath(directory, input.Application)
	if !ok {
		return absent
	}
	return idAt(input.Tree, file)
}

// recorder answers a worker's questions from the input and keeps each answer.
type recorder struct {
	input    Input
	limits   Limits
	reads    []read
	seen     map[read]struct{}
	requests int
	bytes    int64
	// charts counts those that were asked for; lent is the last of them.
	charts int
	lent   source.Tree
	// submodules are those that were looked into.
	submodules map[string]lentTree
	// opaque says that an answer has no object id, so that the render cannot be recognised.
	opaque bool
}

func newRecorder(input Input, limits Limits) *recorder {
	return &recorder{input: input, limits: limits, seen: map[read]struct{}{}, submodules: map[string]lentTree{}}
}

// answer returns the payload for a question, and whether there is any.
func (r *recorder) answer(ctx context.Context, op frameKind, path string) ([]byte, bool, error) {
	if r.requests++; r.requests > r.limits.Requests {
		return nil, false, countLimit("number of times that a render looks at the repository", r.limits.Requests)
	}
	switch op {
	case frameVariable:
		value := r.input.variable(path)
		r.record(read{Op: op, Path: path, Answer: value})
		return []byte(value), true, nil
	case frameCluster:
		answer, data, err := ofDestination(r.input.Destination, path)
		if err != nil {
			return nil, false, err
		}
		r.record(read{Op: op, Path: path, Answer: answer})
		return data, answer != absent, nil
	case frameChart:
		return r.chart(ctx, path)
	case framePlugin, frameDiscover:
		return r.plugin(ctx, op, path)
	case frameOverride:
		return r.override(ctx, path)
	default:
		return r.ofTree(ctx, op, path)
	}
}

// override reads the option file of one application in a directory.
func (r *recorder) override(ctx context.Context, directory string) ([]byte, bool, error) {
	asked := read{Op: frameOverride, Path: directory}
	file, ok := overridePath(directory, r.input.Application)
	if !ok {
		asked.Answer = absent
		r.record(asked)
		return nil, false, nil
	}
	at, err := r.locate(ctx, "", file, false)
	if err != nil {
		return nil, false, err
	}
	if at.lent {
		// What is lent is not recorded, but whose file it is.
		asked.Mount = lentMount
		const name = "ARGOCD_APP_NAME"
		r.record(read{Op: frameVariable, Path: name, Answer: r.input.variable(name)})
	}
	return r.read(ctx, at.tree, asked, at.path)
}

func (r *recorder) ofTree(ctx context.Context, op frameKind, question string) ([]byte, bool, error) {
	mount, path := splitQuestion(question)
	at, err := r.locate(ctx, mount, path, op == frameStat)
	if err != nil {
		return nil, false, err
	}
	tree, asked := at.tree, read{Op: op, Path: at.path, Mount: mount}
	if at.lent {
		asked.Mount = lentMount
	}
	switch op {
	case frameStat:
		return r.stat(tree, asked)
	case frameList:
		return r.list(tree, asked)
	default:
		return r.read(ctx, tree, asked, at.path)
	}
}

func (r *recorder) stat(tree source.Tree, asked read) ([]byte, bool, error) {
	entry, err := tree.Stat(asked.Path)
	if err != nil {
		return r.none(asked, err)
	}
	letter := letterOf(entry.Kind)
	asked.Answer = string(letter)
	r.record(asked)
	return []byte{letter}, true, nil
}

func (r *recorder) list(tree source.Tree, asked read) ([]byte, bool, error) {
	entries, err := tree.List(asked.Path)
	if err != nil {
		return r.none(asked, err)
	}
	listing := encodeListing(entries)
	asked.Answer, asked.Listing = idAt(tree, asked.Path), manifest.DigestOf(listing)
	r.record(asked)
	if r.bytes += int64(len(listing)); r.bytes > r.limits.ReadBytes {
		return nil, false, bytesLimit("combined size of the files that are read", r.limits.ReadBytes)
	}
	return listing, true, nil
}

func (r *recorder) read(
	ctx context.Context, tree source.Tree, asked read, path string,
) ([]byte, bool, error) {
	entry, err := tree.Stat(path)
	if err != nil {
		return r.none(asked, err)
	}
	if entry.Size > r.limits.FileBytes {
		return nil, false, bytesLimit("size of "+path, r.limits.FileBytes)
	}
	if r.bytes += entry.Size; r.bytes > r.limits.ReadBytes {
		return nil, false, bytesLimit("combined size of the files that are read", r.limits.ReadBytes)
	}
	asked.Answer = idAt(tree, path)
	r.opaque = r.opaque || asked.Answer == ""
	r.record(asked)
	if entry.Kind == source.Directory || entry.Kind == source.Submodule {
		return nil, false, nil
	}
	data, err := source.Read(ctx, bare(tree), path)
	if err != nil {
		return nil, false, err
	}
	if int64(len(data)) > r.limits.FileBytes {
		return nil, false, bytesLimit("size of "+path, r.limits.FileBytes)
	}
	// What Git LFS keeps is longer than what stands for it.
	if r.bytes += int64(len(data)) - entry.Size; r.bytes > r.limits.ReadBytes {
		return nil, false, bytesLimit("combined size of the files that are read", r.limits.ReadBytes)
	}
	return data, true, nil
}

// none records that nothing is there; an error that says anything else ends the render,
// because what could not be read must not pass for absent.
func (r *recorder) none(question read, err error) ([]byte, bool, error) {
	if !missing(err) {
		return nil, false, err
	}
	question.Answer = absent
	r.record(question)
	return nil, false, nil
}

func (r *recorder) record(answer read) {
	if answer.Mount == lentMount {
		return
	}
	if _, has := r.seen[answer]; has {
		return
	}
	r.seen[answer] = struct{}{}
	r.reads = append(r.reads, answer)
}
