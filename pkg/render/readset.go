// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
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
	case frameStat:
		entry, err := input.Tree.Stat(r.Path)
		if err != nil {
			return missing(err) && r.Answer == absent
		}
		return len(r.Answer) == 1 && r.Answer[0] == letterOf(entry.Kind)
	case frameRead:
		return r.Answer != "" && idAt(input.Tree, r.Path) == r.Answer
	case frameList:
		return r.listingHolds(input.Tree)
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
	// opaque says that an answer has no object id, so that the render cannot be recognised.
	opaque bool
}

func newRecorder(input Input, limits Limits) *recorder {
	return &recorder{input: input, limits: limits, seen: map[read]struct{}{}}
}

// answer returns the payload for a question, and whether there is any.
func (r *recorder) answer(op frameKind, path string) ([]byte, bool, error) {
	if r.requests++; r.requests > r.limits.Requests {
		return nil, false, countLimit("number of times that a render looks at the repository", r.limits.Requests)
	}
	switch op {
	case frameVariable:
		value := r.input.variable(path)
		r.record(read{Op: op, Path: path, Answer: value})
		return []byte(value), true, nil
	case frameStat:
		return r.stat(path)
	case frameList:
		return r.list(path)
	case frameOverride:
		file, ok := overridePath(path, r.input.Application)
		if !ok {
			r.record(read{Op: op, Path: path, Answer: absent})
			return nil, false, nil
		}
		return r.read(op, path, file)
	default:
		return r.read(op, path, path)
	}
}

func (r *recorder) stat(path string) ([]byte, bool, error) {
	entry, err := r.input.Tree.Stat(path)
	if err != nil {
		return r.none(read{Op: frameStat, Path: path}, err)
	}
	letter := letterOf(entry.Kind)
	r.record(read{Op: frameStat, Path: path, Answer: string(letter)})
	return []byte{letter}, true, nil
}

func (r *recorder) list(path string) ([]byte, bool, error) {
	entries, err := r.input.Tree.List(path)
	if err != nil {
		return r.none(read{Op: frameList, Path: path}, err)
	}
	listing := encodeListing(entries)
	id := idAt(r.input.Tree, path)
	r.record(read{Op: frameList, Path: path, Answer: id, Listing: manifest.DigestOf(listing)})
	if r.bytes += int64(len(listing)); r.bytes > r.limits.ReadBytes {
		return nil, false, bytesLimit("combined size of the files that are read", r.limits.ReadBytes)
	}
	return listing, true, nil
}

func (r *recorder) read(op frameKind, name, path string) ([]byte, bool, error) {
	entry, err := r.input.Tree.Stat(path)
	if err != nil {
		return r.none(read{Op: op, Path: name}, err)
	}
	if entry.Size > r.limits.FileBytes {
		return nil, false, bytesLimit("size of "+path, r.limits.FileBytes)
	}
	if r.bytes += entry.Size; r.bytes > r.limits.ReadBytes {
		return nil, false, bytesLimit("combined size of the files that are read", r.limits.ReadBytes)
	}
	id := idAt(r.input.Tree, path)
	r.opaque = r.opaque || id == ""
	r.record(read{Op: op, Path: name, Answer: id})
	if entry.Kind == source.Directory || entry.Kind == source.Submodule {
		return nil, false, nil
	}
	data, err := r.input.Tree.Read(path)
	if err != nil {
		return nil, false, err
	}
	if int64(len(data)) > r.limits.FileBytes {
		return nil, false, bytesLimit("size of "+path, r.limits.FileBytes)
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
	if _, has := r.seen[answer]; has {
		return
	}
	r.seen[answer] = struct{}{}
	r.reads = append(r.reads, answer)
}
