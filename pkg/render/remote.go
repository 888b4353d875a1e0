// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"

	"github.com/capstan-dev/capstan/pkg/source"
)

// remoteTree is the worker's view of the tree: every question goes through the pipe. An
// error of the pipe itself ends the process by way of fatal, since nobody is left to tell.
type remoteTree struct {
	in    *bufio.Reader
	out   *bufio.Writer
	stats map[string]source.Kind
	fatal func(error)
}

var _ source.Tree = (*remoteTree)(nil)

// Stat returns the kind of path; ids and sizes stay with the parent.
func (t *remoteTree) Stat(name string) (source.Entry, error) {
	kind, known := t.stats[name]
	if !known {
		data, ok := t.ask(frameStat, name)
		if ok {
			if len(data) != 1 {
				return source.Entry{}, errNonsense
			}
			found, err := kindOf(data[0])
			if err != nil {
				return source.Entry{}, err
			}
			kind = found
		}
		t.stats[name] = kind
	}
	if kind == 0 {
		return source.Entry{}, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return source.Entry{Name: path.Base(name), Kind: kind}, nil
}

// List returns names and kinds.
func (t *remoteTree) List(name string) ([]source.Entry, error) {
	data, ok := t.ask(frameList, name)
	if !ok {
		return nil, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	}
	return decodeListing(data)
}

// Read returns the content of a file or the target of a symbolic link.
func (t *remoteTree) Read(name string) ([]byte, error) {
	data, ok := t.ask(frameRead, name)
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return data, nil
}

// override returns the application's own option file in a directory, if there is one.
func (t *remoteTree) override(directory string) ([]byte, bool) {
	return t.ask(frameOverride, directory)
}

// variable returns a variable of the build environment.
func (t *remoteTree) variable(name string) string {
	if len(name) > maxPathBytes {
		return ""
	}
	value, _ := t.ask(frameVariable, name)
	return string(value)
}

func (t *remoteTree) ask(kind frameKind, name string) ([]byte, bool) {
	if err := writeFrame(t.out, kind, []byte(name)); err != nil {
		t.fatal(err)
	}
	if err := t.out.Flush(); err != nil {
		t.fatal(err)
	}
	answer, data, err := readFrame(t.in, anyLength)
	switch {
	case err != nil:
		t.fatal(err)
	case answer != frameAnswer && answer != frameAbsent:
		t.fatal(fmt.Errorf("%w: answer %q", errNonsense, byte(answer)))
	}
	return data, answer == frameAnswer
}

func (t *remoteTree) send(object json.RawMessage) {
	if err := writeFrame(t.out, frameManifest, object); err != nil {
		t.fatal(err)
	}
}

// anyLength trusts the parent.
func anyLength(frameKind) int64 { return 1<<32 - 1 }
